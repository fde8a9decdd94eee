"""What every scenario says and counts."""

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


def finish(seed=None):
    if failures and seed is not None:
        print(f"{len(failures)} failures; BT2C_TEST_SEED={seed} repeats the choices")
    sys.exit(1 if failures else 0)
