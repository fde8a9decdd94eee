"""What every scenario says and counts."""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys

failures = []


def check(what, good, shown=None):
    """`shown`, where it fails: how a program ended, or anything else that tells why."""
    if good:
        return
    failures.append(what)
    print(f"failed: {what}", flush=True)
    if hasattr(shown, "returncode"):
        print(shown.returncode, *(text.decode(errors="replace") if isinstance(text, bytes) else text
                                  for text in (shown.stdout, shown.stderr)), flush=True)
    elif shown not in (None, ""):
        print(shown, flush=True)


def free_ports(count):
    """Of those that the system gives to nobody by itself: a server that starts again must find its port as it left it."""
    held = {}
    while len(held) < count:
        port, one = random.SystemRandom().randrange(4000, 12000), socket.socket()
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            one.close()
            continue
        held[port] = one
    for one in held.values():
        one.close()
    return list(held)


def run_json(program, home, *arguments):
    """How the program ended, with the `document` that it printed."""
    done = subprocess.run([program, "--home", str(home), "--json", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200, start_new_session=True)
    done.document = json.loads(done.stdout) if done.stdout else {}
    return done


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of its own in that folder. Gives whether it is there: where it cannot be that is told, and is a
    failure where every tool is installed."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], stderr=subprocess.PIPE)
    if mounted.returncode != 0:
        print(f"skipped: a disk of its own: {mounted.stderr.decode()}")
        check("nothing is skipped in CI", os.environ.get("CI") != "true")
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def finish(seed=None):
    if failures and seed is not None:
        print(f"{len(failures)} failures; BT2C_TEST_SEED={seed} repeats the choices")
    sys.exit(1 if failures else 0)
