#!/usr/bin/env python3
"""Checks what the objects of the library call: nothing that prints, ends the process or starts a thread.

usage: check_symbols.py LIBRARY.a [OBJECT-OF-BACKGROUND-RUNNER]
"""
import re
import subprocess
import sys

FORBIDDEN = re.compile(
    r"^(abort|exit|_exit|_Exit|quick_exit|v?f?printf|__v?f?printf_chk|puts|fputs|putchar|fputc|perror|"
    r"std::cout|std::cerr|std::clog|std::print.*)$")
THREADS = re.compile(r"^(pthread_create|std::thread::_M_start_thread.*)$")


def main():
    listing = subprocess.run(["nm", "-C", "-u", sys.argv[1]], check=True, capture_output=True, text=True).stdout
    problems, member = [], ""
    for line in listing.splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
        symbol = line.strip().removeprefix("U ").split("@")[0]
        if FORBIDDEN.match(symbol):
            problems.append(f"{member} uses {symbol}")
        if THREADS.match(symbol) and not member.startswith("background_runner"):
            problems.append(f"{member} starts a thread: {symbol}")
    if not member:
        problems.append("no object was read")
    print("\n".join(problems) or "symbols: nothing to complain of")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
