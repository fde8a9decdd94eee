#!/usr/bin/env python3
"""Runs the console sessions of a document and compares what they print.

usage: sessions.py --bin FOLDER [--least N] FILE...

A session is a fenced ```console block after a line <!-- session: tested -->. It runs in one shell, in an empty
folder that is also its HOME, with FOLDER first in PATH. "$ " begins a command, "> " continues it, all else is
what the command prints, stderr included. In it "…" stands for anything within a line, and a line of "…" alone
for any number of lines. A command that fails must be followed by "$ echo $?".
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MARK = "<!-- session: tested -->"


def sessions(text):
    """(line number, [lines of the block]) for each session."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.strip() != MARK:
            continue
        begin = number + 1
        while begin < len(lines) and not lines[begin].strip():
            begin += 1
        if begin >= len(lines) or lines[begin].strip() != "```console":
            raise ValueError(f"line {number + 1}: no ```console block follows the mark")
        end = begin + 1
        while end < len(lines) and lines[end].strip() != "```":
            end += 1
        found.append((begin + 2, lines[begin + 1 : end]))
    return found


def steps(block):
    """(offset, command, [expected lines]) for each command of a block."""
    found = []
    for offset, line in enumerate(block):
        if line.startswith("$ "):
            found.append((offset, line[2:], []))
        elif line.startswith("> ") and found and not found[-1][2] and open_ended(found[-1][1]):
            found[-1] = (found[-1][0], found[-1][1] + "\n" + line[2:], [])
        elif found:
            found[-1][2].append(line)
        elif line.strip():
            raise ValueError(f"'{line}' stands before the first command")
    return found


def open_ended(command):
    return command.endswith("\\") or subprocess.run(["bash", "-n", "-c", command], capture_output=True).returncode


def pattern_of(expected):
    parts = []
    for line in expected:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n")
    return re.compile("".join(parts) + r"\Z")


def matches(expected, printed):
    while expected and not expected[-1].strip():
        expected = expected[:-1]
    text = printed.rstrip("\n")
    return pattern_of(expected).match(text + "\n" if text else "") is not None


class Shell:
    """One bash that runs commands one by one and tells where each one ends."""

    def __init__(self, folder, binaries):
        environment = {
            "HOME": folder,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=folder, env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.status = 0

    def run(self, command):
        end = f"end-of-command-{os.urandom(8).hex()}"
        # The status is handed on, so that the next command may ask for it; stdin is not the script.
        self.process.stdin.write(
            f"(exit {self.status})\n{{ {command}\n}} </dev/null\nbt2c_status=$?; printf '\\n%s %d\\n' {end} $bt2c_status\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(end):
                self.status = int(line.split()[1])
                text = "".join(lines)
                return text[:-1] if text.endswith("\n") else text
            lines.append(line)
        raise ValueError("the shell ended: " + "".join(lines))

    def close(self):
        os.killpg(self.process.pid, 9)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def run_session(name, first_line, block, binaries):
    faults = []
    with tempfile.TemporaryDirectory(prefix="bt2c-session-") as folder:
        shell = Shell(folder, binaries)
        try:
            all_steps = steps(block)
            for index, (offset, command, expected) in enumerate(all_steps):
                printed = shell.run(command)
                where = f"{name}:{first_line + offset}: $ {command}"
                if not matches(expected, printed):
                    faults.append(f"{where}\n--- the document says\n" + "\n".join(expected) + f"\n--- it printed\n{printed}")
                asked = index + 1 < len(all_steps) and all_steps[index + 1][1].strip() == "echo $?"
                if shell.status != 0 and not asked:
                    faults.append(f"{where}\nit ended with status {shell.status}, and the document does not say so:\n{printed}")
                if faults:
                    break  # what follows only repeats it
        finally:
            shell.close()
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--least", type=int, default=0)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    count = 0
    faults = []
    for file in arguments.files:
        for first_line, block in sessions(file.read_text(encoding="utf-8")):
            count += 1
            faults += run_session(file.name, first_line, block, arguments.bin.resolve())
    for fault in faults:
        print(fault, end="\n\n")
    if count < arguments.least:
        faults.append("too few")
        print(f"there are {count} tested sessions, where at least {arguments.least} are expected")
    print(f"{count} sessions, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
