"""Keys in sessions of the real program: what other processes, logs and files get to see of a secret.

usage: keys.py PROGRAM
"""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

from checks import check, finish

program = sys.argv[1]
phrase = "offer salon river hole elegant crowd come together orange horror slogan real"
address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu"
password = "a password of the test"


def secrets_in(data):
    """Whether bytes hold the phrase, or any three words of it in a row, or the password."""
    words = phrase.split()
    pieces = [" ".join(words[i : i + 3]) for i in range(len(words) - 2)] + [password]
    return [piece for piece in pieces if piece.encode() in data]


def run(home, *arguments, text="", **environment):
    return subprocess.run(
        [program, "--home", str(home), *arguments],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "BT2C_WALLET_PASSWORD": password, **environment},
        timeout=120,
    )


with tempfile.TemporaryDirectory() as folder:
    home = pathlib.Path(folder) / "node"
    home.mkdir()

    done = run(home, "--json", "recover-keys", "--seed-phrase", "-", text=phrase + "\n")
    check("the key is recovered", done.returncode == 0 and json.loads(done.stdout)["address"] == address)
    wallet = home / "wallets" / f"{address}.json"
    check("the wallet is there, for its owner only", wallet.stat().st_mode & 0o777 == 0o600)
    check("nothing of the secrets is told", not secrets_in(done.stdout + done.stderr))
    for file in pathlib.Path(folder).rglob("*"):
        if file.is_file():
            check(f"{file} holds no secret", not secrets_in(file.read_bytes()))

    check("a wallet is never replaced unasked", run(home, "recover-keys", "--seed-phrase", phrase).returncode == 1)
    check("its password opens it", run(home, "keys", "check", str(wallet)).returncode == 0)
    wrong = run(home, "keys", "check", str(wallet), BT2C_WALLET_PASSWORD="another password")
    check("another does not", wrong.returncode == 5)
    wallet_text = wallet.read_text()
    damaged = home / "damaged.json"
    at = wallet_text.index("encrypted_key\": \"") + 200
    damaged.write_text(wallet_text[:at] + ("A" if wallet_text[at] != "A" else "B") + wallet_text[at + 1 :])
    check("a damaged file is no wrong password", run(home, "keys", "check", str(damaged)).returncode == 1)
    check("a rehearsal says yes", run(home, "recover-keys", "--check", "--expect-address", address,
                                      "--seed-phrase", "-", text=phrase).returncode == 0)
    check("and no", run(home, "recover-keys", "--check", "--expect-address", "bt2c_zmav5edjfrkm5xayqtgfpfkg2q",
                        "--seed-phrase", "-", text=phrase).returncode == 3)
    much = run(home, "recover-keys", "--seed-phrase", "-", text="abandon " * 1_000_000)
    check("a flood of words is refused", much.returncode == 1)
    misspelt = run(home, "recover-keys", "--seed-phrase", "-", text=phrase.replace("river", "rivver"))
    check("a misspelt word is named", misspelt.returncode == 1 and b"word 3" in misspelt.stderr
          and b"river" in misspelt.stderr)

    # A search that goes on for long, so that its process can be looked at.
    long_search = phrase.replace("river", "?").replace("crowd", "?")
    process = subprocess.Popen(
        [program, "--home", str(home), "recover-keys", "--patient", "--force", "--expect-address",
         "bt2c_zmav5edjfrkm5xayqtgfpfkg2q", "--seed-phrase", long_search],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "BT2C_WALLET_PASSWORD": password})
    time.sleep(1.5)
    seen = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
    check("the search runs", process.poll() is None and b"recover-keys" in seen)
    check("the phrase is gone from the process list", not any(word.encode() in seen for word in phrase.split()))
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    check("there are no core dumps", any(line.split()[4:6] == ["0", "0"] for line in limits.splitlines()
                                         if line.startswith("Max core file size")))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    check("it stops when asked to, and says how to go on", process.returncode == 130 and b"--start-at" in err)
    check("nothing was told", not secrets_in(out + err))

    too_long = run(home, "recover-keys", "--force", "--expect-address", "bt2c_zmav5edjfrkm5xayqtgfpfkg2q",
                   "--seed-phrase", "-", text=long_search)
    check("a search that takes too long is not begun", too_long.returncode == 1 and b"would take" in too_long.stderr)

    (home / "damaged-phrase").write_text(phrase.replace("river", "?"))
    shares = home / "shares"
    shares.mkdir()
    split = run(home, "--json", "keys", "split", "--threshold", "2", "--shares", "3", "--seed-phrase", "-",
                "--output", str(shares), text=phrase)
    files = json.loads(split.stdout)["files"]
    check("shares are written", split.returncode == 0 and len(files) == 3)
    combined = run(home, "keys", "combine", "--shares", f"{files[2]},{files[0]}")
    check("two of three give the phrase back", combined.stdout.decode().strip() == phrase)
    alone = run(home, "keys", "combine", "--shares", files[1])
    check("one does not", alone.returncode == 1 and b"1 of 2" in alone.stderr)

    # A phrase that was found is shown on a terminal, and nowhere else.
    found = ["recover-keys", "--force", "--show-phrase", "--expect-address", address, "--seed-phrase", "-"]
    elsewhere = run(home, *found, text=phrase.replace("river", "?"))
    check("a phrase is not shown into a pipe", elsewhere.returncode == 2 and not secrets_in(elsewhere.stderr))
    pid, terminal = pty.fork()
    if pid == 0:
        with open(home / "damaged-phrase") as damaged_phrase:
            os.dup2(damaged_phrase.fileno(), 0)
        os.execve(program, [program, "--home", str(home), *found], {**os.environ, "BT2C_WALLET_PASSWORD": password})
    seen = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not data:
            break
        seen += data
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    check(f"it is shown on a terminal: {seen}", ended == 0 and re.sub(rb"\s+", b" ", seen).count(phrase.encode()) == 1)

finish()
