#!/usr/bin/env python3
"""The agent against a real Kubernetes and a Sentry on loopback, while what can die dies.

usage: soak.py [--long] [--port N] [--seed N] [--json FILE] [SCENARIO...]
The program is $K8SENTRY (default: that of the preset `lean`, else of `release`). Exit code 1: something was lost, told under a second id, or the
agent took more memory than it may; 77: no cluster can be had here. Times are reported, not judged.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

from agent import cpu_seconds
from bench import Bench, Round, wait_or_not
from running import skip_reason, wait_until

BUILDS = [pathlib.Path(__file__).resolve().parents[2] / "build" / preset / "bin/k8sentry" for preset in ("lean", "release")]
# Of memory, with 20,000 Events in store. Builds other than `lean` bring libraries of 4 MB that nobody uses, or are not optimised.
MAX_STORE_MB, MAX_STORE_MB_OTHER = 20, 32
LOOKBACK = ("--lookback", "1h")


def load(bench, long, seed, name="load", *arguments, window="0", minutes=1):
    """S1: 200 writes/s, a fifth of them Warnings, about objects that exist; every owner is looked up. CPU is told for
    each minute, beside that of `curl`."""
    seconds = 60 if long else 15
    minutes = minutes if long else 1
    with Round(bench, name, seed) as r:
        r.start_agent(*LOOKBACK, *arguments, window=window)
        r.wait_watching()
        time.sleep(0.5)
        idle = r.agent.memory_kb()
        floor = start_curl(bench) if long else None
        r.write(200, 200 * seconds * minutes, 0.2, "--objects")
        clocks = {"us_per_write": r.agent.process, "curl_us_per_write": floor}
        clocks = {name: [process, [cpu_seconds(process)]] for name, process in clocks.items() if process}
        for minute in range(1, minutes + 1):
            if minute < minutes:
                r.sleep_until(seconds * minute)
            else:
                writes = r.wait_written()
                if window == "0":
                    r.wait_delivered(writes)
            for process, taken in clocks.values():
                taken.append(cpu_seconds(process))
        r.notes.update(rss_idle_mib=round(idle / 1024, 1), rss_end_mib=round(r.agent.memory_kb() / 1024, 1))
        for name, (_, taken) in clocks.items():
            each = [round((now - then) * 1e6 / (200 * seconds)) for then, now in zip(taken, taken[1:])]
            r.notes[name] = each if minutes > 1 else each[0]
        if floor:
            floor.kill()
            floor.wait()
        return r.end(writes, grouped=window != "0")[1], r.notes


def grouped(bench, long, seed):
    """S1 again, for three minutes, with windows as they are by default: an issue for each key, and the others in its
    number. Most keys are new in the first minute."""
    return load(bench, long, seed, "grouped", window="5m", minutes=3)


def warnings(bench, long, seed):
    """S1 again, but with a filter that the API server can apply: it sends a fifth of the frames."""
    return load(bench, long, seed, "warnings", "--type", "Warning")


def names(bench, long, seed):
    """S1 again, but the names of Pods must do."""
    return load(bench, long, seed, "names", "--no-owner-lookup")


def start_curl(bench):
    """Reads the same stream and does nothing with it: what TLS and the socket cost anybody."""
    kubeconfig = bench.cluster.directory
    return subprocess.Popen(
        ["curl", "-sN", "--noproxy", "*", "--cacert", kubeconfig + "/pki/apiserver.crt", "-H",
         "Authorization: Bearer admintoken", "-o", os.devnull,
         f"https://127.0.0.1:{bench.cluster.env['CLUSTER_PORT']}/api/v1/events?watch=1"])


def store(bench, long, seed):
    """S2: 20,000 Events are there when the agent starts."""
    with Round(bench, "store", seed) as r:
        r.write(0, 20000, 0.2, "--update-share", "0")
        writes = r.wait_written()
        started = time.time_ns()
        r.start_agent(*LOOKBACK)
        r.wait_delivered(writes)
        cpu, after = r.agent.cpu_seconds(), round(r.agent.memory_kb() / 1024, 1)
        found, wrong = r.end(writes)
        times = sorted((d.at - started) / 1e9 for d in r.receiver.deliveries())
        r.notes.update(first_s=times[0] if times else None, last_s=times[-1] if times else None, cpu_s=cpu, after_mib=after)
        for unfair in ("p50", "p99", "delay_max"):
            del r.notes[unfair]
        peak = r.notes["peak_mib"] * 1.048576
        if peak >= (MAX_STORE_MB if "/lean/" in bench.program else MAX_STORE_MB_OTHER):
            wrong.append(f"{peak:.1f} MB of memory")
        return wrong, r.notes


def server(bench, long, seed):
    """S3: the API server is killed under the load, and comes back."""
    seconds, killed, away = (60, 24, 3) if long else (12, 4, 1)
    with Round(bench, "server", seed) as r:
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(100, 100 * seconds, 0.5)
        r.sleep_until(killed)
        bench.kill_api_server()
        r.sleep_until(killed + away)
        bench.start_api_server()
        writes = r.wait_written()
        r.wait_delivered(writes)
        return r.end(writes)[1], r.notes


def agent(bench, long, seed):
    """S4: the agent is killed under the load, and started again two seconds later."""
    seconds, killed = (60, 24) if long else (8, 3)
    with Round(bench, "agent", seed) as r:
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(100, 100 * seconds, 0.5)
        r.sleep_until(killed)
        r.agent.kill()
        r.sleep_until(killed + 2)
        r.agent.start()
        writes = r.wait_written()
        r.wait_delivered(writes)
        return r.end(writes)[1], r.notes


def kills(bench, long, seed):
    """S4 without end: the agent is killed at random points of its life, its start and its first list among them."""
    seconds = 120 if long else 20
    chance = random.Random(seed)
    with Round(bench, "kills", seed) as r:
        r.start_agent(*LOOKBACK)
        r.write(100, 100 * seconds, 0.5)
        is_new, listed_at = False, 0
        while r.writer.poll() is None:
            time.sleep(chance.choice((chance.uniform(0, 0.2), chance.uniform(0, 3))))
            r.agent.kill()
            # Until it has kept a mark, each start is a first one, which lists: while it lived, or died for the next.
            listed_at = time.time_ns() if is_new else listed_at
            is_new = r.mark() is None
            time.sleep(chance.uniform(0, 0.5))
            r.agent.start()
        writes = r.wait_written()
        r.wait_delivered(writes, whole=False)
        r.wait_delivered(writes, 5)  # but for what the first list could not show
        wrong = r.end(writes, 0, listed_at)[1]
        r.notes["kills"] = r.agent.starts - 1
        return wrong, r.notes


def sink(bench, long, seed):
    """S5: nobody listens at Sentry's address for a third of the time."""
    seconds, refused, back = (60, 24, 44) if long else (9, 3, 6)
    with Round(bench, "sink", seed) as r:
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(100, 100 * seconds, 0.5)
        r.sleep_until(refused)
        r.receiver.refuse()
        r.sleep_until(back)
        r.receiver.listen()
        writes = r.wait_written()
        r.wait_delivered(writes, 180)
        return r.end(writes)[1], r.notes


def failing(bench, long, seed):
    """S5b: Sentry answers one request in ten with 500."""
    seconds = 40 if long else 9
    with Round(bench, "failing", seed) as r:
        r.receiver.refuse_every(10, "500 Internal Server Error")
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(100, 100 * seconds, 0.5)
        writes = r.wait_written()
        r.wait_delivered(writes, 180)
        return r.end(writes)[1], r.notes


def limited(bench, long, seed):
    """S5b: Sentry answers one request in ten with 429, and asks for five seconds of silence (one, in short)."""
    seconds = 40 if long else 9
    with Round(bench, "limited", seed) as r:
        r.receiver.refuse_every(10, "429 Too Many Requests", f"Retry-After: {5 if long else 1}")
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(100, 100 * seconds, 0.5)
        writes = r.wait_written()
        wait_or_not(lambda: r.occurrences() >= len(writes), 1500)
        return r.end(writes, folds=True)[1], r.notes


def siege(bench, long, seed):
    """The agent and the API server are killed at random points while Sentry fails one request in ten: 100 and 20 times
    in 200,000 writes, or the same for two minutes."""
    rate, count, kills, server_kills = (400, 200000, 100, 20) if long else (200, 18000, 15, 3)
    chance, seconds = random.Random(seed), count / rate
    points = sorted([(chance.uniform(2, seconds), "agent") for _ in range(kills)] +
                    [(seconds * (i + chance.uniform(0.2, 0.8)) / server_kills, "server") for i in range(server_kills)])
    with Round(bench, "siege", seed) as r:
        r.receiver.refuse_every(10, "500 Internal Server Error")
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(rate, count, 0.5)
        wait_until("the agent has a mark", lambda: r.mark() is not None)
        for at, who in points:
            r.sleep_until(at)
            if who == "server":
                bench.kill_api_server()
                time.sleep(chance.uniform(0, 1))
                bench.start_api_server()
            else:
                r.agent.kill()
                time.sleep(chance.uniform(0, 0.5))
                r.agent.start()
        writes = r.wait_written(seconds * 2 + 600)
        r.wait_delivered(writes, 180)
        wrong = r.end(writes)[1]
        r.notes.update(kills=r.agent.starts - 1, server_kills=server_kills)
        return wrong, r.notes


def gone(bench, long, seed):
    """S6: the storage forgets its history while the API server is away: once under a living agent, and once under a dead
    one, which then cannot read what it missed."""
    seconds, first, second, away = (90, 20, 55, 3) if long else (16, 3, 9, 1)
    with Round(bench, "gone", seed) as r:
        r.start_agent(*LOOKBACK)
        r.wait_watching()
        r.write(50, 50 * seconds, 0.5)
        r.sleep_until(first)
        mark = r.mark() or 0  # what was replaced above it and before a list is in none
        bench.kill_api_server()
        bench.etcd.forget_history()
        r.sleep_until(first + away)
        bench.start_api_server()
        r.sleep_until(second - 2)
        r.wait_told("relisting")  # it may be backing off
        r.wait_watching()
        r.agent.kill()
        r.sleep_until(second)
        bench.kill_api_server()
        bench.etcd.forget_history()
        r.agent.start()
        bench.start_api_server()
        writes = r.wait_written()
        r.wait_delivered(writes, whole=False)
        r.wait_delivered(writes, 5)  # but for what no list shows
        states = r.agent.states()
        again = [at for at, state in states if state == "relisting"]
        listed = [at for at, state in states if again and state == "watching" and at > again[-1]]
        wrong = r.end(writes, mark, listed[-1] if listed else 0)[1]
        if len(again) != 2:
            wrong.append(f"the watch was not told twice that its history is gone: {[state for _, state in states]}")
        return wrong, r.notes


SCENARIOS = {f.__name__: f for f in (load, grouped, warnings, names, server, agent, kills, sink, failing, limited, gone, store, siege)}
SHORT = [name for name in SCENARIOS if name not in ("grouped", "warnings", "names", "agent", "kills")]  # `load` and `siege` hold them to more
LONG = [name for name in SCENARIOS if name != "siege"]  # alone it takes a quarter of an hour: scripts/soak


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS])
    arguments = parser.parse_args()
    if reason := skip_reason(False):
        print("skipped:", reason)
        return 77
    program = os.environ.get("K8SENTRY") or next((str(build) for build in BUILDS if build.exists()), None)
    if program is None:
        print("skipped: neither the preset lean nor release is built")
        sys.exit(77)
    failed, results = False, {}
    with Bench(program, port=arguments.port) as bench:
        for name in arguments.scenarios or (LONG if arguments.long else SHORT):
            begin = time.monotonic()
            wrong, notes = SCENARIOS[name](bench, arguments.long, arguments.seed)
            notes["took_s"] = round(time.monotonic() - begin)
            results[name] = notes
            figures = ", ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
                                for key, value in notes.items())
            print(f"{'FAILED' if wrong else 'ok':6} {name:7} {figures}", *wrong, sep="\n       ! " if wrong else "",
                  flush=True)
            failed = failed or bool(wrong)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
