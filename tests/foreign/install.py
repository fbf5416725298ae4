#!/usr/bin/env python3
"""Installs the foreign judges into the build directory, and runs what stands on them.

usage: install.py npm SOURCE JUDGES           node packages, from the lock file
       install.py pip SOURCE JUDGES           Python packages, into a venv
       install.py node JUDGES SCRIPT ARG...   runs SCRIPT with the packages
       install.py python JUDGES SCRIPT ARG...

Exit code 77 says that something is missing on this machine, and the output what.
"""
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def is_fresh(stamp, source):
    return stamp.exists() and stamp.read_bytes() == source.read_bytes()


def run_or_skip(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        skip(f"{what} failed (no registry?):\n{done.stdout[-2000:]}")


def install_npm(source, judges):
    stamp = judges / "npm.stamp"
    if is_fresh(stamp, source / "package-lock.json"):
        return
    if not shutil.which("node") or not shutil.which("npm"):
        skip("node and npm are not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, judges / name)
    run_or_skip(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(judges)], "npm ci")
    shutil.copy(source / "package-lock.json", stamp)


def install_pip(source, judges):
    stamp = judges / "pip.stamp"
    if is_fresh(stamp, source / "requirements.txt"):
        return
    venv = judges / "venv"
    run_or_skip([sys.executable, "-m", "venv", "--clear", str(venv)], "python -m venv")
    run_or_skip([str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                 "--requirement", str(source / "requirements.txt")], "pip install")
    shutil.copy(source / "requirements.txt", stamp)


def run_node(judges, script, arguments):
    """Modules are found beside the script that asks for them, so it is copied there."""
    if not (judges / "npm.stamp").exists():
        skip("the node packages are not installed, see foreign.npm")
    copy = judges / pathlib.Path(script).name
    shutil.copy(script, copy)
    return subprocess.run(["node", str(copy), *arguments]).returncode


def run_python(judges, script, arguments):
    if not (judges / "pip.stamp").exists():
        skip("the Python packages are not installed, see foreign.pip")
    return subprocess.run([str(judges / "venv/bin/python"), script, *arguments]).returncode


def main():
    what, *arguments = sys.argv[1:]
    if what == "npm":
        return install_npm(*map(pathlib.Path, arguments))
    if what == "pip":
        return install_pip(*map(pathlib.Path, arguments))
    run = {"node": run_node, "python": run_python}[what]
    return run(pathlib.Path(arguments[0]), arguments[1], arguments[2:])


if __name__ == "__main__":
    sys.exit(main())
