"""A Sentry that only listens: it takes envelopes, notes when, and looks into them afterwards.

Written from Sentry's documents, without a line of ours, so that it cannot share a mistake with the agent.
"""
import asyncio
import collections
import gzip
import json
import threading
import time

# One event item: when it came (Unix ns), under which id, and which version of which Event it tells.
Delivery = collections.namedtuple("Delivery", "at id uid version telling sightings")

KEY = "0123456789abcdef0123456789abcdef"


def deliveries_of(body, at):
    """The event items of an envelope. Raises where Sentry would refuse it."""
    header, rest = body.split(b"\n", 1)
    envelope_id = json.loads(header)["event_id"]
    while rest:
        line, rest = rest.split(b"\n", 1)
        item = json.loads(line)
        length = item.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
        payload, rest = rest[:length], rest[length:].removeprefix(b"\n")
        if len(payload) != length:
            raise ValueError("an item is shorter than it says")
        if item["type"] != "event":
            continue
        event = json.loads(payload)
        if event["event_id"] != envelope_id:
            raise ValueError("an envelope and its event differ in their id")
        source, own = event["contexts"]["k8s_event"], event["contexts"]["k8sentry"]
        yield Delivery(at, event["event_id"], source["uid"], source["resource_version"], own["telling"],
                       own["sightings"])


class Connection(asyncio.Protocol):
    def __init__(self, receiver):
        self.receiver, self.data = receiver, bytearray()

    def connection_made(self, transport):
        self.transport = transport
        self.receiver.connections.add(transport)

    def connection_lost(self, error):
        self.receiver.connections.discard(self.transport)

    def data_received(self, data):
        self.data += data
        while (head := self.data.find(b"\r\n\r\n")) >= 0:
            lines = self.data[:head].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            end = head + 4 + int(headers.get("content-length", 0))
            if len(self.data) < end:
                return
            refused = self.receiver.next_refusal()
            if refused:
                self.transport.write(refused)
            else:
                self.receiver.take(headers, bytes(self.data[head + 4:end]))
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            del self.data[:end]


class Receiver:
    """Listens from the start; `deliveries()` is what came until now."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.connections, self.taken, self.parsed, self.faults = set(), [], [], []
        self.server, self.port = None, 0
        self.every, self.refusal, self.requests, self.refused = 0, b"", 0, 0
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.listen()

    @property
    def dsn(self):
        return f"http://{KEY}@127.0.0.1:{self.port}/1"

    def take(self, headers, body):
        self.taken.append((time.time_ns(), headers, body))

    def deliveries(self):
        """Parses what came since the last call: only the time is taken while the load runs."""
        while len(self.parsed) + len(self.faults) < len(self.taken):
            at, headers, body = self.taken[len(self.parsed) + len(self.faults)]
            try:
                if KEY not in headers.get("x-sentry-auth", ""):
                    raise ValueError("the key is missing")
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                self.parsed.append(list(deliveries_of(body, at)))
            except (ValueError, KeyError, OSError) as error:
                self.faults.append(repr(error))
        return [delivery for envelope in self.parsed for delivery in envelope]

    def refuse_every(self, n, status, *headers):
        """From now on one request in `n` is answered with `status`, and nothing of it is taken."""
        self.refusal = "\r\n".join((f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", "")).encode()
        self.every = n

    def next_refusal(self):
        self.requests += 1
        if not self.every or self.requests % self.every:
            return None
        self.refused += 1
        return self.refusal

    def listen(self):
        async def begin():
            return await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.port)
        self.server = asyncio.run_coroutine_threadsafe(begin(), self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]

    def refuse(self):
        """Nobody listens any more, and who was connected is cut off, answered or not."""
        async def end():
            self.server.close()
            for transport in list(self.connections):
                transport.abort()
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)

    def close(self):
        self.refuse()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
