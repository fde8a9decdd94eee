"""[N1] [N2] A network is paused and resumed in sessions of the real program: beside a writer, cut off at any instant,
in both layouts and journal modes, across a backup and its restore.

usage: pause.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from checks import check, finish, small_disk

program, chain_tool = sys.argv[1], sys.argv[2]
seed = int(os.environ.get("BT2C_TEST_SEED", random.randrange(1 << 30)))
random.seed(seed)
kill_rounds = 100


def run(home, *arguments):
    return subprocess.run([program, "--home", str(home), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120)


def document(done):
    return json.loads(done.stdout)


def database(home):
    return home / "data" / "blockchain.db"


def query(home, sql, timeout=5.0):
    connection = sqlite3.connect(database(home), timeout=timeout)
    try:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()


def make_node(home, *chain_arguments):
    (home / "data").mkdir(parents=True)
    subprocess.run([chain_tool, "create", str(database(home)), "--blocks", "30", "--validators", "40",
                    *chain_arguments], check=True, stdout=subprocess.DEVNULL)


def states(home):
    """Everything of a validator but the two clocks that stand still during a pause."""
    connection = sqlite3.connect(database(home))
    columns = [row[1] for row in connection.execute("pragma table_info(validators)")
               if row[1] not in ("last_validation", "unstake_requested_at")]
    rows = connection.execute(f"select {', '.join(columns)} from validators order by network_type, address").fetchall()
    connection.close()
    return rows


def refuses_blocks(home, network):
    try:
        query(home, "insert into blocks (hash, previous_hash, timestamp, nonce, difficulty, merkle_root, height, "
                    f"network_type) values ('{'e' * 64}', '', 1, 1, 1, '', 999999, '{network}')")
    except sqlite3.IntegrityError:
        return True
    query(home, "delete from blocks where height = 999999")
    return False


def pause_and_resume(folder, layout, journal):
    name = f"{layout} {journal}"
    home = folder / name.replace(" ", "-")
    make_node(home, "--layout", layout, "--network", "testnet")
    query(home, f"pragma journal_mode = {journal}")
    before = states(home)
    paused = run(home, "--json", "network", "pause", "--reason", "fork at 29")
    check(f"{name}: pause ends well", paused.returncode == 0)
    result = document(paused)
    check(f"{name}: the pinned fields are there",
          {"network", "status", "sequence", "validators_changed", "height", "nodes"} <= result.keys()
          and result["status"] == "PAUSED" and result["network"] == "testnet" and result["height"] == 29
          and {"name", "acknowledged", "height"} <= result["nodes"][0].keys())
    inactive = sum(1 for (status, active) in query(home, "select status, is_active from validators")
                   if status == "INACTIVE" and active == 0)
    check(f"{name}: all are INACTIVE", inactive == 40)
    check(f"{name}: no block is taken", refuses_blocks(home, "testnet"))
    check(f"{name}: the record is there",
          query(home, "select status, reason, network_type from network_status order by id desc limit 1")
          == [("PAUSED", "fork at 29", "testnet")])
    again = run(home, "--json", "network", "pause")
    check(f"{name}: twice is once", again.returncode == 0 and document(again)["validators_changed"] == 0)
    check(f"{name}: a paused chain is sound", run(home, "verify-integrity").returncode == 0)
    resumed = run(home, "--json", "network", "resume")
    check(f"{name}: resume ends well", resumed.returncode == 0 and document(resumed)["status"] == "ACTIVE"
          and document(resumed)["validators_changed"] == result["validators_changed"])
    check(f"{name}: every validator is as it was", states(home) == before)
    check(f"{name}: blocks are taken", not refuses_blocks(home, "testnet"))
    check(f"{name}: resumed twice is once", run(home, "network", "resume").returncode == 0 and states(home) == before)


def several_networks(folder):
    home = folder / "several"
    make_node(home, "--layout", "fresh", "--network", "mainnet", "--network", "testnet")
    before = states(home)
    asked = run(home, "--json", "network", "pause")
    check("which network is asked for", asked.returncode == 2 and "mainnet" in asked.stdout.decode()
          and "testnet" in asked.stdout.decode())
    check("an unknown network is refused", run(home, "--network", "devnet", "network", "pause").returncode == 2)
    check("nothing was changed by that", states(home) == before)
    check("one of them is paused", run(home, "--network", "testnet", "network", "pause").returncode == 0)
    check("the other goes on", not refuses_blocks(home, "mainnet") and refuses_blocks(home, "testnet"))
    status = document(run(home, "--json", "--network", "mainnet", "network", "status"))
    check("and says so", status["status"] == "ACTIVE" and status["active_validators"] > 0)
    run(home, "--network", "testnet", "network", "resume")
    check("and back", states(home) == before)


def backup_during_a_pause(folder):
    home, other = folder / "kept", folder / "restored"
    make_node(home, "--layout", "fresh", "--network", "testnet")
    before = states(home)
    run(home, "network", "pause", "--reason", "kept")
    check("a paused node is backed up", run(home, "backup").returncode == 0)
    run(home, "network", "resume")
    restored = run(home, "--json", "restore", "--backup", "latest", "--target", str(other))
    check("and restored", restored.returncode == 0 and document(restored)["signing_locked"])
    status = document(run(other, "--json", "network", "status"))
    check("it is paused then", status["status"] == "PAUSED" and status["guarded"] and status["reason"] == "kept"
          and status["signing_locked"])
    check("no block is taken there", refuses_blocks(other, "testnet"))
    check("it can be resumed", run(other, "network", "resume").returncode == 0 and states(other) == before)


def beside_a_writer(folder):
    """A node that commits all the time is stopped by the guard, and goes on after the resume."""
    home = folder / "busy"
    make_node(home, "--layout", "fresh", "--network", "testnet")
    query(home, "pragma journal_mode = wal")
    stop = threading.Event()
    added, refused, other = [], [], []

    def write():
        height = 1000
        while not stop.is_set():
            try:
                query(home, "insert into blocks (hash, previous_hash, timestamp, nonce, difficulty, merkle_root, "
                            f"height, network_type) values ('{height:064d}', '', 1, 1, 1, '', {height}, 'testnet')", 30)
                added.append(time.monotonic())
                height += 1
            except sqlite3.IntegrityError:
                refused.append(time.monotonic())
            except sqlite3.Error as error:
                other.append(str(error))

    def wait_for(what, happened, since):
        deadline = time.monotonic() + 20
        while not any(at > since for at in happened) and time.monotonic() < deadline:
            time.sleep(0.01)
        check(what, any(at > since for at in happened))

    writer = threading.Thread(target=write)
    writer.start()
    wait_for("the writer writes", added, 0)
    check("a pause beside a writer", run(home, "network", "pause").returncode == 0)
    paused_at = time.monotonic()
    wait_for("the writer is refused", refused, paused_at)
    check("no block was added after the pause", not any(at > paused_at for at in added))
    check("resume beside a writer",
          run(home, "network", "resume", "--force", "--reason", "blocks of a test").returncode == 0)
    wait_for("the writer goes on", added, time.monotonic())
    stop.set()
    writer.join()
    check(f"the writer saw no other error: {other[:1]}", not other)


def killed_at_any_instant(folder):
    home = folder / "killed"
    make_node(home, "--layout", "orm", "--network", "testnet")
    query(home, "pragma journal_mode = wal")
    before = states(home)
    landed = {"PAUSED": 0, "ACTIVE": 0}
    takes_s = {"pause": 0.05, "resume": 0.05}
    for round_number in range(kill_rounds):
        verb = random.choice(("pause", "resume"))
        began = time.monotonic()
        child = subprocess.Popen([program, "--home", str(home), "network", verb], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        if random.random() < 0.2:  # to the end, so that it is known when there is something to cut off
            child.wait(60)
            takes_s[verb] = time.monotonic() - began
        else:
            time.sleep(random.uniform(0, takes_s[verb]))
            child.send_signal(signal.SIGKILL)
            child.wait()
        told = run(home, "--json", "network", "status")
        status = document(told).get("status")
        if told.returncode != 0 or status not in landed:
            check(f"round {round_number}: {told.stdout.decode()}", False)
            break
        landed[status] += 1
        check(f"round {round_number}: guard and state agree", refuses_blocks(home, "testnet") == (status == "PAUSED"))
        if status == "ACTIVE":
            check(f"round {round_number}: all states are back", states(home) == before)
    check(f"both ends were reached: {landed}", min(landed.values()) > 0)
    run(home, "network", "resume")
    check("at last every validator is as it was", states(home) == before)
    check("and the chain is sound", run(home, "verify-integrity").returncode == 0)


def bad_luck(folder):
    home = folder / "unlucky"
    check("no home", run(home, "network", "pause").returncode == 1)
    (home / "data").mkdir(parents=True)
    check("no database", run(home, "network", "pause").returncode == 1)
    database(home).write_bytes(b"x" * 5000)
    check("no database in it", run(home, "network", "pause").returncode == 1)
    check("nor for status", run(home, "network", "status").returncode == 1)
    database(home).unlink()
    sqlite3.connect(database(home)).execute("create table t (x)").connection.commit()
    check("no tables", run(home, "network", "pause").returncode == 1)
    database(home).unlink()
    make_node(folder / "lucky", "--layout", "fresh", "--network", "testnet")
    database(folder / "lucky").rename(database(home))
    query(home, "alter table blocks add column kept")
    query(home, "update blocks set kept = merkle_root")
    query(home, "update blocks set merkle_root = hash where height = 3")
    resumed_while_active = run(home, "network", "resume")
    query(home, "update blocks set merkle_root = kept where height = 3")
    query(home, "alter table blocks drop column kept")
    forged = run(home, "network", "pause")
    query(home, "update network_pause_state set status = 'ACTIVE'")
    check("what is not paused is not started, whatever its chain", resumed_while_active.returncode == 0, resumed_while_active)
    check("forged states are a finding", forged.returncode == 0 and run(home, "network", "status").returncode == 3)
    check("and not given back", run(home, "network", "resume").returncode == 3)
    check("--force asks for a reason", run(home, "network", "resume", "--force").returncode == 2)
    check("and goes through", run(home, "network", "resume", "--force", "--reason", "a test").returncode == 0)


def on_a_full_disk(folder):
    home = folder / "full"
    home.mkdir()
    with small_disk(home, "16m") as there:
        if not there:
            return
        make_node(home, "--layout", "fresh", "--network", "testnet")
        query(home, "pragma journal_mode = wal")

        def refused(*command):
            subprocess.run(["dd", "if=/dev/zero", f"of={home / 'fill'}", "bs=4k"], stderr=subprocess.DEVNULL)
            done = run(home, "network", *command)
            (home / "fill").unlink()
            text = done.stderr.decode()
            check(f"{command[0]}: a full disk is named", done.returncode == 1 and "disk is full" in text, done)
            check(f"{command[0]}: and what to do", "make room on that disk" in text, done)
            return text

        refused("status")
        check("pause: nothing was changed", "nothing was changed" in refused("pause", "--here"))
        check("with room it is paused", run(home, "network", "pause", "--here").returncode == 0)
        check("resume: nothing was changed", "nothing was changed" in refused("resume", "--here"))
        check("with room it goes on", run(home, "network", "resume", "--here").returncode == 0)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for layout in ("orm", "fresh"):
        for journal in ("delete", "wal"):
            pause_and_resume(folder, layout, journal)
    several_networks(folder)
    backup_during_a_pause(folder)
    beside_a_writer(folder)
    killed_at_any_instant(folder)
    bad_luck(folder)
    on_a_full_disk(folder)
finish(seed)
