"""The agent as a process: what it logs, what it costs, and how it dies."""
import collections
import json
import os
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    """User and system time of a process that lives."""
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Agent:
    def __init__(self, program, kubeconfig, dsn, state_file, *arguments):
        self.command = [program, "run", "--kubeconfig", kubeconfig, "--state-file", state_file, "--log-format", "json",
                        *arguments]
        self.env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SENTRY_DSN": dsn}
        self.log, self.starts, self.peak_kb, self.anon_kb = [], 0, 0, 0
        self.start()

    def start(self):
        self.starts += 1
        self.process = subprocess.Popen(self.command, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, args=(self.process.stderr,), daemon=True)
        self.reader.start()

    def read(self, pipe):
        with pipe:
            for line in pipe:
                self.log.append((time.time_ns(), json.loads(line)))

    def states(self):
        return [(at, line["state"]) for at, line in self.log if line["message"] == "watch"]

    def is_watching(self):
        states = self.states()
        return bool(states) and states[-1][1] == "watching"

    def problems(self):
        """What it complained of, and how often."""
        return collections.Counter(line["message"] + ": " + line.get("detail", line.get("state", ""))
                                   for _, line in self.log if line["level"] in ("warning", "error"))

    def cpu_seconds(self):
        return cpu_seconds(self.process)

    def memory_kb(self, name="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        return 0

    def note_peak(self):
        self.peak_kb = max(self.peak_kb, self.memory_kb("VmHWM"))
        self.anon_kb = max(self.anon_kb, self.memory_kb("RssAnon"))  # without the pages of programs and libraries

    def kill(self):
        """As an OOM killer does it."""
        self.note_peak()
        self.process.kill()
        self.process.wait()
        self.reader.join(10)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """As Kubernetes ends it. Returns the exit code and the ledger of its last life."""
        self.note_peak()
        self.process.terminate()
        code = self.process.wait(30)
        self.reader.join(10)
        ledgers = [line for _, line in self.log if line["message"] == "ledger"]
        return code, {k: int(v) for k, v in ledgers[-1].items() if str(v).isdigit()} if ledgers else {}

    def destroy(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
