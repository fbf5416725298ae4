"""What was written against what arrived: what is missing, and what came twice."""
import collections
import dataclasses
import json


@dataclasses.dataclass
class Findings:
    events: int = 0  # that should arrive
    versions: int = 0  # of them
    lost_events: list = dataclasses.field(default_factory=list)  # of which nothing arrived
    lost_last: list = dataclasses.field(default_factory=list)  # whose last version did not arrive
    lost_versions: list = dataclasses.field(default_factory=list)  # all that did not arrive
    second_ids: list = dataclasses.field(default_factory=list)  # versions told under more than one id
    shared_ids: list = dataclasses.field(default_factory=list)  # ids that stand for more than one version
    unwritten: list = dataclasses.field(default_factory=list)  # told, but no such version of the Event was written
    repeats: int = 0  # deliveries of a version beyond its first, with its id: Sentry drops them
    delays: list = dataclasses.field(default_factory=list)  # seconds from before the write to the first arrival

    def delay(self, share):
        return sorted(self.delays)[min(int(share * len(self.delays)), len(self.delays) - 1)] if self.delays else None


def read_ledger(path):
    """The accepted writes of a load, oldest version first."""
    with open(path, encoding="utf-8") as lines:
        return sorted((json.loads(line) for line in lines), key=lambda write: int(write["resourceVersion"]))


def reported(writes):
    """The writes that the agent should report: it was told to report Warnings."""
    return [write for write in writes if write["type"] == "Warning"]


def compare(writes, deliveries):
    """`writes` are all that should arrive; what arrives about other Events is none of ours."""
    found = Findings()
    versions = collections.defaultdict(dict)
    for write in writes:
        versions[write["uid"]][write["resourceVersion"]] = write
    arrivals, by_id = collections.defaultdict(list), collections.defaultdict(set)
    for delivery in deliveries:
        if delivery.uid not in versions:
            continue
        version = (delivery.uid, delivery.version)
        arrivals[version].append(delivery)
        by_id[delivery.id].add(version)
        if delivery.version not in versions[delivery.uid]:
            found.unwritten.append(version)

    found.events, found.versions = len(versions), sum(map(len, versions.values()))
    for uid, written in versions.items():
        missing = [version for version in written if (uid, version) not in arrivals]
        found.lost_versions += [(uid, version) for version in missing]
        if len(missing) == len(written):
            found.lost_events.append(uid)
        if max(written, key=int) in missing:
            found.lost_last.append(uid)
    for version, came in arrivals.items():
        found.repeats += len(came) - 1
        if len({delivery.id for delivery in came}) > 1:
            found.second_ids.append(version)
        write = versions[version[0]].get(version[1])
        if write:
            found.delays.append((min(delivery.at for delivery in came) - write["t"]) / 1e9)
    found.shared_ids = [event_id for event_id, stands_for in by_id.items() if len(stands_for) > 1]
    return found


def replaced_before(writes, lost, when):
    """Those of the `lost` versions that a newer one had replaced by `when` (Unix ns): after the server has forgotten its
    history, a list does not show them, to nobody."""
    next_of, last = {}, {}
    for write in writes:
        if write["uid"] in last:
            next_of[last[write["uid"]]] = write
        last[write["uid"]] = (write["uid"], write["resourceVersion"])
    return [version for version in lost if version in next_of and next_of[version]["t"] < when]
