"""Which Events are the same trouble, as docs/semantics.md 15 has it."""
import re

def strip(suffix, name):
    match = re.fullmatch(f"(.+)-{suffix}", name, re.S)
    return match and match.group(1)


HASH, MINUTE = "[456789bcdf]{6,10}", "(?:[0-9]{8}|[0-9]{10})"


def workload_of(kind, name):
    if kind == "Pod":
        base = strip("[bcdfghjklmnpqrstvwxz2456789]{5}", name)
        if not base:
            ordinal = strip("[0-9]+", name)
            return ("StatefulSet", ordinal) if ordinal else (kind, name)
        if strip(HASH, base):
            return "Deployment", strip(HASH, base)
        return ("CronJob", strip(MINUTE, base)) if strip(MINUTE, base) else ("Workload", base)
    owner, suffix = {"ReplicaSet": ("Deployment", HASH), "Job": ("CronJob", MINUTE)}.get(kind, ("", ""))
    return (owner, strip(suffix, name)) if owner and strip(suffix, name) else (kind, name)


def container_of(event):
    found = re.fullmatch(r"spec\.(?:c|initC|ephemeralC)ontainers\{(.*)\}", event.field_path, re.S)
    return found.group(1) if found else ""


def first_line(message):
    return re.split("[\r\n]", message, maxsplit=1)[0]


def harmless(part):
    return re.sub("[\x00-\x1f\x7f]", " ", part).replace("{", "(").replace("}", ")")


def cut(part, size):
    return part.encode()[:size].decode("utf-8", "ignore")


ADDRESS, BLANKS = re.compile("[0-9A-Fa-f:.]++(?![A-Za-z0-9_])"), re.compile("[ \t]+")
WORD = re.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
VARIES = re.compile("[0-9].*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
                    "|(?=.*[0-9])[0-9a-fA-F]{8,}")


def mask(message, event):
    names = [name + "-" for name in (event.name, workload_of(event.kind, event.name)[1]) if name]
    out, pos, behind_word = [], 0, False
    while pos < len(message):
        address = not behind_word and ADDRESS.match(message, pos)
        word = not behind_word and WORD.match(message, pos)
        if address and address.group().count(":") >= 2 and re.search("[0-9]", address.group()):
            found, shown, word = address, "*", None
        elif word:
            found, shown = word, word.group()
            if shown == event.name or shown.startswith(tuple(names)) or VARIES.fullmatch(shown):
                shown = "*"
        else:
            found = BLANKS.match(message, pos)
            shown = " " if found else harmless(message[pos])
        out.append(shown)
        pos, behind_word = (found.end() if found else pos + 1), bool(word)
    return cut("".join(out).strip(" "), 120).rstrip(" ")


def class_of(event):
    """(class, whether it is a masked one)"""
    line = first_line(event.message).lstrip(" ").removeprefix("(combined from similar events): ")
    has, starts, reason = line.__contains__, line.startswith, event.reason
    if reason == "Failed":
        line = re.split('[:"]', line.removeprefix("Error: "), maxsplit=1)[0]
    table = {
        "FailedScheduling": [(True, "unschedulable")],
        "FailedCreate": [(has("exceeded quota"), "quota"), (has("is forbidden"), "forbidden"), (True, "create")],
        "FailedMount": [(has("configmap") and has("not found"), "configmap missing"),
                        (has("secret") and has("not found"), "secret missing"),
                        (has("timed out waiting"), "timeout"), (True, "mount")],
        "FailedAttachVolume": [(True, "attach")],
        "Unhealthy": [(starts("Readiness probe"), "readiness"), (starts("Liveness probe"), "liveness"),
                      (starts("Startup probe"), "startup")],
        "BackOff": [(starts("Back-off pulling image"), "image"), (starts("Back-off restarting failed"), "container")],
    }
    fixed = next((name for fits, name in table.get(reason, []) if fits), None)
    return (fixed, False) if fixed else (mask(line, event), True)
