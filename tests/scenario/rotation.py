"""[K3] Rotation of keys in sessions of the real program: on a terminal, cut off at any instant, on a second node.

usage: rotation.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from checks import check, finish

program, chain_tool = sys.argv[1], sys.argv[2]
phrase = "offer salon river hole elegant crowd come together orange horror slogan real"
address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu"
password = "a password of the test"
seed = int(os.environ.get("BT2C_TEST_SEED", random.randrange(1 << 30)))
random.seed(seed)
columns = "stake, reputation, status, joined_at, rewards_earned, total_blocks, unstake_position, is_active"


def environment(**more):
    return {**os.environ, "BT2C_WALLET_PASSWORD": password, **more}


def run(home, *arguments, text="", **more):
    return subprocess.run([program, "--home", str(home), *arguments], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment(**more), timeout=120)


def database(home):
    return home / "data" / "blockchain.db"


def query(home, sql):
    connection = sqlite3.connect(database(home))
    rows = connection.execute(sql).fetchall()
    connection.commit()
    connection.close()
    return rows


def make_node(home, *chain_arguments):
    """A home whose key is that of the validator in the exit queue."""
    for name in ("data", "config", "keys"):
        (home / name).mkdir(parents=True)
    subprocess.run([chain_tool, "create", str(database(home)), "--blocks", "30", *chain_arguments], check=True,
                   stdout=subprocess.DEVNULL)
    query(home, f"update unstake_requests set validator_address = '{address}' where validator_address in "
                "(select address from validators where status = 'UNSTAKING')")
    query(home, f"update validators set address = '{address}' where status = 'UNSTAKING'")
    (home / "config" / "validator.json").write_text(json.dumps({"address": address, "port": 8335}))
    done = run(home, "--json", "recover-keys", "--seed-phrase", "-", text=phrase)
    check("the old key is there", done.returncode == 0)



def state(home, name):
    """What must not change of the validator of that address."""
    return (query(home, f"select {columns} from validators where address = '{name}'"),
            query(home, f"select id, amount, requested_at, status, queue_position from unstake_requests "
                        f"where validator_address = '{name}' order by id"))


def clean(home):
    return run(home, "verify-integrity").returncode == 0


def on_terminal(home, answer):
    """Runs 'keys rotate' on a terminal of its own; answer(words, place) is typed when word `place` is asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program, [program, "--home", str(home), "keys", "rotate"], environment())
    seen, answered, begin = "", 0, time.monotonic()
    while time.monotonic() - begin < 60:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data.decode()
        asked = re.findall(r"Word (\d+) of what is on the paper: ", seen)
        if len(asked) > answered:
            shown = re.search(r"from nothing else:\s+(.*?)Write these 24 words", seen, re.S).group(1)
            words = re.findall(r"[a-z]+", re.sub(r"\x1b\[[0-9;]*m", "", shown))
            check("24 words are shown", len(words) == 24)
            os.write(terminal, (answer(words, int(asked[answered])) + "\n").encode())
            answered += 1
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return status, re.sub(r"\x1b\[[0-9;]*m", "", seen), answered


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    sample = folder / "sample"
    make_node(sample)
    told = json.loads(run(sample, "--json", "recover-keys", "--force", "--seed-phrase", "-", text=phrase).stdout)
    check("status and stake of the validator are told", told["validator"]["status"] == "UNSTAKING"
          and told["validator"]["stake"] == state(sample, address)[0][0][0])
    before = state(sample, address)
    check("there is a place in the exit queue to keep", len(before[1]) > 0)

    # Nowhere to hand the phrase over, a wrong password, a node that runs: nothing is changed.
    contents = database(sample).read_bytes()
    check("without a terminal it says what to do", run(sample, "keys", "rotate").returncode == 2)
    lost = folder / "lost"
    check("a wrong password is told", run(sample, "keys", "rotate", "--phrase-file", str(lost),
                                          BT2C_WALLET_PASSWORD="another").returncode == 5)
    node = sqlite3.connect(database(sample), isolation_level=None)
    node.execute("begin immediate")
    busy = run(sample, "keys", "rotate", "--phrase-file", str(lost))
    check("a running node is left alone", busy.returncode == 4 and b"stop the node" in busy.stderr)
    node.execute("rollback")
    node.close()
    check("a compromised key needs a reason", run(sample, "keys", "rotate", "--compromised", "--phrase-file",
                                                  str(lost)).returncode == 2)
    check("nothing was changed", database(sample).read_bytes() == contents and not lost.exists()
          and len(list((sample / "wallets").glob("bt2c_*.json"))) == 1)

    broken = folder / "broken"
    shutil.copytree(sample, broken)
    database(broken).write_bytes(os.urandom(20000))
    told = run(broken, "keys", "rotate", "--phrase-file", str(lost))
    check("what is no database is told", told.returncode == 1 and b"not a" in told.stderr)

    # On a terminal: who cannot give the words back has not written them down.
    home = folder / "careless"
    shutil.copytree(sample, home)
    status, seen, answered = on_terminal(home, lambda words, place: "nonsense")
    check("words that are not written down change nothing",
          status == 1 and answered == 9 and database(home).read_bytes() == contents)
    status, seen, answered = on_terminal(home, lambda words, place: words[place - 1])
    new = re.search(r"new address +(bt2c_[a-z2-7]{26})", seen)
    check(f"the key is rotated on a terminal: {status}, {answered} words",
          status == 0 and answered == 3 and new)
    check("what is typed is not shown", seen.count("Word ") == 3)
    if new:
        check("the validator lives on", state(home, new.group(1)) == before and state(home, address) == ([], []))
        check("the configuration follows", json.loads((home / "config" / "validator.json").read_text()) ==
              {"address": new.group(1), "port": 8335})
    check("the chain is sound", clean(home))

    # With a repository, the phrase into a file, the record to a second node.
    home = folder / "first"
    shutil.copytree(sample, home)
    second = folder / "second"
    shutil.copytree(sample, second)
    check("a backup is made", run(home, "backup").returncode == 0)
    closed = run(home, "keys", "rotate", "--phrase-file", str(lost), BT2C_REPO_PASSWORD="wrong")
    check("a repository that stays closed is told before anything is made", closed.returncode == 5
          and not lost.exists() and not list((home / "keys").glob("rotation-*")))
    done = run(home, "--json", "keys", "rotate", "--phrase-file", str(folder / "phrase"), "--reason", "half a year")
    result = json.loads(done.stdout)
    words = (folder / "phrase").read_text().strip()
    check("the key is rotated", done.returncode == 0 and len(words.split()) == 24)
    check("the phrase file is for its owner only", (folder / "phrase").stat().st_mode & 0o777 == 0o600)
    told = done.stdout + done.stderr
    check("nothing of the secrets is told", password.encode() not in told and
          not any(" ".join(words.split()[i:i + 3]).encode() in told for i in range(22)))
    for file in home.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            check(f"{file} holds no secret", password.encode() not in data and
                  not any(" ".join(words.split()[i:i + 3]).encode() in data for i in range(22)))
    check("the validator lives on", state(home, result["new_address"]) == before)
    check("the phrase gives the key", run(home, "recover-keys", "--check", "--expect-address", result["new_address"],
                                          "--seed-phrase", "-", text=words).returncode == 0)
    check("the wallet opens", run(home, "keys", "check", result["wallet_file"]).returncode == 0)
    check("twice is refused", run(home, "keys", "rotate", "--address", address, "--phrase-file",
                                  str(folder / "p2")).returncode == 1)
    applied = run(second, "--json", "keys", "rotate", "--apply", result["record_file"])
    check("a second node follows", applied.returncode == 0 and state(second, result["new_address"]) == before
          and clean(second))
    again = json.loads(run(second, "--json", "keys", "rotate", "--apply", result["record_file"]).stdout)
    check("a record counts once", again["already_applied"] and again["safety_backup"] is None)
    record = pathlib.Path(result["record_file"]).read_text()
    forged = folder / "forged.json"
    forged.write_text(record.replace('"compromised":false', '"compromised":true'))
    check("a forged record is refused", run(second, "keys", "rotate", "--apply", str(forged)).returncode == 5)
    restored = run(home, "--json", "restore", "--backup", result["safety_backup"])
    check("the safety backup brings the old state back", restored.returncode == 0 and state(home, address) == before)
    check("and says which rotation it undid", json.loads(restored.stdout)["rotations_to_apply"] ==
          [result["record_file"]])

    # A stolen key.
    done = run(second, "--json", "keys", "rotate", "--compromised", "--reason", "stolen", "--phrase-file",
               str(folder / "p3"), "--address", result["new_address"])
    check("its new wallet needs another password", done.returncode == 5 or done.returncode == 1 or done.returncode == 2)
    shutil.copy(result["wallet_file"], second / "wallets")
    done = run(second, "--json", "keys", "rotate", "--compromised", "--reason", "stolen", "--phrase-file",
               str(folder / "p3"), BT2C_NEW_WALLET_PASSWORD="a fresh password")
    stolen = json.loads(done.stdout)
    check("a stolen key is given up", done.returncode == 0 and stolen["old_address"] == result["new_address"])
    check("its address ends tombstoned", query(second, "select status, stake from validators where address = "
                                                       f"'{result['new_address']}'") == [("TOMBSTONED", 0.0)])
    check("the validator lives on", state(second, stolen["new_address"]) == before and clean(second))
    back = run(second, "recover-keys", "--force", "--seed-phrase", "-", text=words)
    check("a tombstoned key is not brought back", back.returncode == 1 and b"TOMBSTONED" in back.stderr)
    back = run(second, "recover-keys", "--force", "--reason", "its coins", "--seed-phrase", "-", text=words)
    check("but with a reason", back.returncode == 0)
    history = [json.loads(line) for line in (second / "keys" / "history.jsonl").read_text().splitlines()]
    check("which is kept", history[-1]["reason"] == "its coins" and history[-1]["address"] == result["new_address"])

    # When is what due?
    report = run(second, "--json", "keys", "status")
    keys = {key["address"]: key for key in json.loads(report.stdout)["keys"]}
    check("nothing is overdue", report.returncode == 0)
    check("only the key in use is due", keys[stolen["new_address"]]["next_rotation"] is not None
          and keys[address]["next_rotation"] is None and keys[result["new_address"]]["next_rotation"] is None)
    query(second, "update key_rotations set rotated_at = rotated_at - 40 * 86400")
    (second / "config" / "dr.toml").write_text("[keys]\nrotation_months = 1\n")
    report = run(second, "--json", "keys", "status")
    check("an overdue key is a finding", report.returncode == 3 and
          [key["address"] for key in json.loads(report.stdout)["keys"] if key["overdue"]] == [stolen["new_address"]])

    # Several networks in one database, the same key on each.
    both = folder / "both"
    make_node(both, "--network", "mainnet", "--network", "testnet")
    several = run(both, "keys", "rotate", "--phrase-file", str(folder / "p4"))
    check("several networks are named", several.returncode == 2 and b"mainnet" in several.stderr
          and b"testnet" in several.stderr)
    done = run(both, "--json", "--network", "testnet", "keys", "rotate", "--phrase-file", str(folder / "p4"))
    check("one of them is rotated", done.returncode == 0 and
          query(both, f"select network_type from validators where address = '{address}'") == [("mainnet",)])

    # Cut off at any instant: the old validator or the new one, whole, and '--apply' ends what was begun.
    begun = finished = 0
    for attempt in range(12):
        home = folder / f"cut-{attempt}"
        shutil.copytree(sample, home)
        process = subprocess.Popen([program, "--home", str(home), "--quiet", "keys", "rotate", "--phrase-file",
                                    str(home / "phrase")], env=environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Most of its time are the two wallets' passwords; what matters comes within moments after those.
        while process.poll() is None and len(list((home / "wallets").glob("bt2c_*.json"))) < 2:
            time.sleep(0.0005)
        time.sleep(random.uniform(0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.wait()
        check(f"cut off, the chain is sound ({attempt}, seed {seed})", clean(home))
        rows = query(home, "select address from validators where status = 'UNSTAKING'")
        check(f"cut off, the validator is whole ({attempt}, seed {seed})", len(rows) == 1
              and state(home, rows[0][0]) == before)
        records = list((home / "keys").glob("rotation-*.json"))
        if not records:
            check("not begun, it is the old one", rows == [(address,)])
            continue
        begun += 1
        if rows == [(address,)]:
            second_try = run(home, "keys", "rotate", "--phrase-file", str(home / "another"))
            check("a second record is not made", second_try.returncode == 1 and b"--apply" in second_try.stderr)
        else:
            finished += 1
        ended = run(home, "--json", "keys", "rotate", "--apply", str(records[0]))
        check(f"what was begun is ended ({attempt}, seed {seed})", ended.returncode == 0 and
              state(home, json.loads(ended.stdout)["new_address"]) == before and
              json.loads((home / "config" / "validator.json").read_text())["address"] ==
              json.loads(ended.stdout)["new_address"])
        shutil.rmtree(home)

    # A full disk: nothing is half there.
    small = folder / "small"
    small.mkdir()
    if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)]).returncode == 0:
        try:
            home = small / "node"
            shutil.copytree(sample, home)
            contents = database(home).read_bytes()
            with open(small / "filler", "wb", buffering=0) as filler:
                try:
                    while True:
                        filler.write(bytes(4096))
                except OSError:
                    pass
            full = run(home, "--json", "keys", "rotate", "--phrase-file", str(folder / "p6"))
            check("a full disk is told", full.returncode == 1 and
                  "No space left" in json.loads(full.stdout)["error"]["cause"])
            check("and leaves the old state", database(home).read_bytes() == contents and
                  sorted(os.listdir(home / "wallets")) == sorted(os.listdir(sample / "wallets")))
            full = run(home, "--json", "recover-keys", "--seed-phrase", "-", text="abandon " * 11 + "about")
            check("so it is in a recovery", full.returncode == 1 and
                  sorted(os.listdir(home / "wallets")) == sorted(os.listdir(sample / "wallets")))
        finally:
            subprocess.run(["umount", str(small)], check=True)
    elif os.environ.get("CI") == "true":
        check("a file system can be mounted in CI", False)
    else:
        print("skipped: a full disk, for mounting a file system takes root")

    print(f"{begun} of 12 had begun when they were cut off, {finished} of them had changed the database; seed {seed}")

finish()
