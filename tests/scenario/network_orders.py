"""[N1] [N2] Orders to five nodes with real agents and a real etcd, under bad input and bad luck.

usage: network_orders.py PROGRAM CHAIN_TOOL [CASE...] [-CASE...]     those cases; or all but those
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from checks import check, failures, finish
from network_lab import (Lab, answers_in, end, end_all, error_of, network, new_order, spawn, text_of,
                         wait_until)

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])
only = [case for case in sys.argv[3:] if not case.startswith("-")]
left_out = [case[1:] for case in sys.argv[3:] if case.startswith("-")]
seed = int(os.environ.get("BT2C_TEST_SEED", random.randrange(1 << 30)))
random.seed(seed)
kill_rounds = 100
junk_entries = 3000

if not all(shutil.which(name) for name in ("etcd", "openssl")):
    print("etcd or openssl is not installed")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def a_policy(lab):
    paused = lab.pause("--reason", "fork at 39")
    check("one member pauses all", paused.returncode == 0, paused)
    result = json.loads(paused.stdout)
    check("the pinned fields are there", result["network"] == network and result["status"] == "PAUSED"
          and result["sequence"] == 1 and result["height"] == lab.tip and result["validators_changed"] > 0
          and [(one["name"], one["acknowledged"], one["height"]) for one in result["nodes"]]
          == [(node.name, True, lab.tip) for node in lab.nodes], paused)
    lab.expect("after the pause", "PAUSED")
    alone = lab.signed(lab.first, "--json", "network", "resume", "--as", "alice")
    check("one member does not resume", alone.returncode == 1 and "signatures of 2 members" in error_of(alone)
          and "order create --resume" in error_of(alone), alone)
    path = lab.folder / "resume.json"
    check("an order is made", lab.first.run("network", "order", "create", "--resume", "-o", str(path)).returncode == 0)
    for _ in range(2):
        unsigned = lab.send(path)
        check("unsigned it goes to nobody", unsigned.returncode == 1, unsigned)
    check("and that is logged, once", [entry["event"] for entry in lab.first.audit()].count("order_refused") == 1)
    for home in (lab.first, lab.bob):
        sent = lab.send(path)
        check("too few have signed", sent.returncode == 1 and "signature" in error_of(sent), sent)
        done = lab.signed(home, "network", "order", "sign", str(path), "--yes")
        check("a member signs", done.returncode == 0, done)
    lab.expect("before it is sent", "PAUSED")
    sent = lab.send(path)
    check("with two it goes to all", sent.returncode == 0 and set(answers_in(sent).values()) == {"applied"}, sent)
    lab.expect("after the resume", "ACTIVE")


def agents_away(lab):
    away, here = lab.nodes[2:], lab.nodes[:2]
    lab.nodes[4].kill_agent()
    done = lab.pause("--timeout", "2")
    check("one is away", done.returncode == 6 and answers_in(done)["node-5"] == "missing"
          and list(answers_in(done).values()).count("applied") == 4, done)
    lab.expect("one away", "PAUSED", lab.nodes[:4])
    lab.expect("who is away", "ACTIVE", [lab.nodes[4]])
    check("it gets ready", lab.nodes[4].start_agent())
    check("it has obeyed by then", lab.nodes[4].query("select count(*) from network_pauses") == [(1,)])
    lab.expect("all back", "PAUSED")
    lab.resume()
    for node in lab.nodes:
        node.kill_agent()
    unknown = lab.signed(lab.first, "--json", "network", "resume", "--as", "alice", "--timeout", "2")
    check("who is paused cannot be told", unknown.returncode == 1 and "not known whether others are" in error_of(unknown)
          and "node-5" in error_of(unknown) and "network order create" in error_of(unknown), unknown)
    lab.start_agents(here)
    done = lab.pause("--timeout", "2")
    check("most are away", done.returncode == 6 and list(answers_in(done).values()).count("missing") == 3, done)
    lab.expect("most away", "PAUSED", here)
    refused = lab.send(lab.resume_order(), "--timeout", "2")
    check("too little stake is there", refused.returncode == 3 and "of the active stake" in error_of(refused)
          and all(node.name in error_of(refused) for node in away), refused)
    lab.start_agents(away)
    for node in away:
        check(f"{node.name} has obeyed by then", node.query("select count(*) from network_pauses") == [(1,)])
    lab.resume()


def plane_away(lab):
    newest = lab.newest()
    lab.etcd.kill()
    done = lab.pause("--timeout", "5")
    kept = lab.first.home / "network" / f"order-{network}-{newest + 1}.json"
    check("without etcd: busy", done.returncode == 4 and kept.exists() and str(kept) in error_of(done), done)
    lab.expect("nobody was told", "ACTIVE")
    here = lab.send(kept, "--here", node=lab.nodes[1])
    check("by hand on one node", here.returncode == 0, here)
    lab.expect("that one", "PAUSED", [lab.nodes[1]])
    lab.etcd.start()
    for home in (lab.nodes[1], lab.first):  # one that has obeyed it sends it, then one that had not
        done = lab.send(kept)
        check("it reaches the rest", done.returncode == 0 and answers_in(done)["node-2"] == "already"
              and list(answers_in(done).values()).count("applied") == 4, done)
    lab.expect("etcd is back", "PAUSED")
    lab.resume()
    lab.etcd.freeze()
    began = time.monotonic()
    done = lab.pause("--timeout", "5")
    check(f"a partition takes {time.monotonic() - began} s", time.monotonic() - began < 20)
    check("cut off: busy", done.returncode == 4 and "kept in" in error_of(done), done)
    lab.expect("cut off", "ACTIVE")
    lab.etcd.thaw()
    kept = lab.first.home / "network" / f"order-{network}-{newest + 3}.json"
    done = lab.send(kept, node=lab.nodes[3])
    check("joined again", done.returncode == 0, done)
    lab.expect("joined again", "PAUSED")
    lab.resume()


def forgeries(lab):
    newest = lab.newest()
    old = lab.etcd.orders()
    old_pause = next(text for number, text in sorted(old.items()) if '"action":"pause"' in text)
    numbers = iter(range(newest + 1, newest + 1000))

    def made(signer=lab.carol, **other):
        order = new_order(lab.genesis, "pause", next(numbers), **other)
        return order["sequence"], text_of(signer.sign(order) if signer else order)
    other_key = made()
    stolen = json.loads(other_key[1])
    stolen["signatures"][0]["public_key"] = lab.mallory.public_key
    changed = made()
    forged = {
        "garbage": (next(numbers), "\x00\xff{{{[", "order"),
        "nothing": (next(numbers), "", ""),
        "an unsigned order": (*made(None), "signature"),
        "an order of a stranger": (*made(lab.mallory), "'mallory' is no member"),
        "another network": (*made(network="mainnet"), "for the network 'mainnet'"),
        "another chain": (*made(genesis_hash="ab" * 32), "another chain"),
        "another key": (other_key[0], text_of(stolen), "not the one in the policy"),
        "a changed reason": (changed[0], changed[1].replace("a test", "a tent"), "does not verify"),
        "an old order": (next(numbers), old_pause, "was published as"),
        "another number": (next(numbers), made()[1], "was published as"),
        "one too large": (next(numbers), "x" * 1_000_000, ""),
        "deep": (next(numbers), "[" * 60000, ""),
    }
    for what, (sequence, text, _) in forged.items():
        check(f"{what} is put", lab.etcd.put(f"to-nodes/orders/{sequence:019}", text))
    check("etcd takes no 2 MiB", not lab.etcd.put(f"to-nodes/orders/{newest + 900:019}", "x" * (2 << 20)))
    lab.etcd.put_many([(f"to-nodes/{folder}/junk-{number}", "junk") for number in range(junk_entries // 3)
                       for folder in ("orders", "requests", "strange")])
    for what, (sequence, _, why) in forged.items():
        check(f"{what} is refused by all", lab.answers(sequence, ("refused",)))
        for name, one in lab.etcd.acknowledgements(sequence).items():
            check(f"{what}: {name} says why: {one}", why in one["detail"])
    for node in lab.nodes:
        check(f"{node.name} goes on", node.agent.poll() is None)
        for what in ("an order of a stranger", "another chain", "a changed reason"):
            check(f"{node.name} logs {what} once", node.events("order_refused", forged[what][0]) == 1)
    lab.expect("after forgeries", "ACTIVE")
    lab.nodes[1].kill_agent()
    lab.start_agents([lab.nodes[1]])
    check("seen again, logged once", lab.nodes[1].events("order_refused", forged["another chain"][0]) == 1)
    done = lab.pause()
    check("the next true order works", done.returncode == 0, done)
    check("it has a free number", json.loads(done.stdout).get("sequence") not in [one[0] for one in forged.values()])
    lab.expect("after forgeries", "PAUSED")
    newest = lab.newest()
    lab.etcd.put(f"to-nodes/orders/{newest + 1:019}", "junk")
    path = lab.folder / "free.json"
    done = lab.first.run("--json", "network", "order", "create", "--resume", "-o", str(path))
    check("an order to be signed as well", json.loads(done.stdout).get("sequence", 0) > newest + 1
          and json.loads(done.stdout)["sequence"] not in lab.etcd.orders(), done)
    for home in (lab.first, lab.bob):
        lab.signed(home, "network", "order", "sign", str(path), "--yes")
    check("and it goes", lab.send(path).returncode == 0)
    lab.expect("after forgeries", "ACTIVE")
    # More than etcd's answer may hold, in front of the next order and among the requests.
    newest = lab.newest()
    for number in range(30):
        lab.etcd.put(f"to-nodes/orders/{newest + 1 + number:019}", "x" * 1_400_000)
        lab.etcd.put(f"to-nodes/requests/large-{number}", "x" * 1_400_000)
    order = lab.carol.sign(new_order(lab.genesis, "pause", newest + 40))
    lab.etcd.put(f"to-nodes/orders/{order['sequence']:019}", text_of(order))
    lab.expect("behind large junk", "PAUSED")
    lab.etcd.remove("to-nodes/requests/")
    for number in range(30):
        lab.etcd.remove(f"to-nodes/orders/{newest + 1 + number:019}")
    lab.resume()


def database_away(lab):
    node = lab.nodes[4]
    newest = lab.newest()
    locker = sqlite3.connect(node.database, isolation_level=None)
    locker.execute("begin exclusive")
    began = time.monotonic()
    order = lab.carol.sign(new_order(lab.genesis, "pause", newest + 1))
    sending = subprocess.Popen([program, "--home", str(lab.first.home), "--json", "network", "order", "send", "--timeout",
                                "30", "--watch", "0", str(lab.file_of(order))], stdout=subprocess.PIPE)
    check("locked: it says failed", lab.answers(newest + 1, ("failed",), [node]))
    check("and why", "lock" in lab.etcd.acknowledgements(newest + 1)[node.name]["detail"])
    lab.etcd.put(f"to-nodes/orders/{newest + 2:019}", "junk")  # what is refused is obeyed in no order's place
    check("junk is refused meanwhile", lab.answers(newest + 2, ("refused",), [node]))
    time.sleep(max(0.0, began + 8 - time.monotonic()))
    locker.execute("rollback")
    locker.close()
    told = json.loads(sending.communicate(timeout=60)[0])
    check(f"unlocked: all obey: {told}", sending.returncode == 0 and told["complete"])
    check("and say so", lab.answers(newest + 1, ("applied",)))
    lab.expect("unlocked", "PAUSED")
    lab.etcd.remove(f"to-nodes/orders/{newest + 2:019}")
    lab.resume()
    if subprocess.run(["chattr", "+i", str(node.database)], stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: a read-only database, since chattr +i does not work here")
        return
    try:
        done = lab.pause("--timeout", "3")
        check("read-only: it says failed", done.returncode == 6 and answers_in(done)[node.name] == "failed", done)
    finally:
        subprocess.run(["chattr", "-i", str(node.database)], check=True)
    check("writable: it obeys", lab.answers(lab.newest(), ("applied",)))
    lab.expect("writable", "PAUSED")
    lab.resume()


def lapses(lab):
    done = lab.pause("--for", "3s")
    sequence = json.loads(done.stdout)["sequence"]
    check("a short pause", done.returncode == 0, done)
    lab.expect("its time is over", "ACTIVE")
    for node in lab.nodes:
        check(f"{node.name} logs it", wait_until(lambda: node.events("lapsed", sequence) == 1))
    path = lab.folder / "lapsed.json"
    path.write_text(lab.etcd.orders()[sequence])
    for arguments in ((), ("--here",)):
        again = lab.send(path, *arguments)
        check(f"it does not pause again {arguments}: {error_of(again)}", arguments or again.returncode == 1)
    lab.nodes[2].kill_agent()
    lab.start_agents([lab.nodes[2]])
    lab.expect("sent again", "ACTIVE")
    check("what comes next works", lab.pause().returncode == 0)
    lab.resume()


def careful_resume(lab):
    check("paused", lab.pause().returncode == 0)
    other = lab.nodes[2]
    tip = other.query(f"select hash from blocks where height = {lab.tip}")[0][0]
    replace = "update blocks set hash = '{}' where height = " + str(lab.tip)
    try:
        other.query(replace.format("f" * 64))
        check("the guard holds the tip", False)
    except sqlite3.IntegrityError:
        pass
    other.behind_the_guard(replace.format("f" * 64))
    path = lab.resume_order()
    refused = lab.send(path)
    told = error_of(refused)
    check("two tips", refused.returncode == 3 and f"disagree on block {lab.tip}" in told and "node-3" in told
          and told.count("node-") >= 2, refused)
    other.behind_the_guard(replace.format(tip))
    lab.expect("refused", "PAUSED")
    sound = lab.folder / "sound.db"
    shutil.copy(other.database, sound)
    subprocess.run([chain_tool, "damage", str(other.database), "--fault", "altered-transaction-hash"], check=True)
    refused = lab.send(path)
    check("a damaged chain", refused.returncode == 3 and "the chain of node-3 does not prove" in error_of(refused), refused)
    lab.expect("refused", "PAUSED")
    check("no force without a reason", lab.send(path, "--force").returncode == 2)
    forced = lab.send(path, "--force", "--reason", "node-3 is mended later")
    check("forced", forced.returncode == 0, forced)
    check("and logged", [entry["detail"] for entry in lab.first.audit() if entry["event"] == "forced"][-1:]
          == ["node-3 is mended later"])
    lab.expect("forced", "ACTIVE")
    other.kill_agent()
    shutil.copy(sound, other.database)
    lab.expect("an older copy", "PAUSED", [other])
    lab.start_agents([other])
    lab.expect("brought up to date", "ACTIVE")


def restores(lab):
    node = lab.nodes[3]
    for status in ("PAUSED", "ACTIVE"):
        if status == "PAUSED":
            check("paused", lab.pause().returncode == 0)
        done = node.run("--json", "backup")
        check(f"{status} is backed up", done.returncode == 0, done)
        backup = json.loads(done.stdout)["id"]
        if status == "PAUSED":
            lab.resume()
        else:
            check("paused", lab.pause().returncode == 0)
        now = "ACTIVE" if status == "PAUSED" else "PAUSED"
        node.kill_agent()
        done = node.run("--json", "restore", "--backup", backup)
        check(f"{status} is restored", done.returncode == 0, done)
        lab.expect("restored", status, [node])
        lab.start_agents([node])
        lab.expect("caught up", now)
        done = node.run("--json", "restore", "--backup", backup)
        check(f"{status} is restored beside the agent", done.returncode == 0, done)
        lab.expect("under the agent", now, seconds=30)
        check("the log is sound", node.run("network", "audit", "--verify").returncode == 0)
    lab.resume()


def killed_at_any_instant(lab):
    """Agents, etcd and whoever sends; each order comes after the newest that was published."""
    lab.set_policy(1)
    pauses = 0
    newest = lab.newest()
    for round_number in range(kill_rounds):
        lab.etcd.wait()
        orders = {number: text for number, text in lab.etcd.orders().items() if number > newest}
        newest = max(orders, default=newest)
        paused = '"action":"pause"' in orders[newest] if newest in orders else False if round_number == 0 else paused
        order = lab.carol.sign(new_order(lab.genesis, "resume" if paused else "pause", newest + 1,
                                         resumes=newest if paused else 0))
        force = ["--force", "--reason", "a test"] if paused and random.random() < 0.8 else []
        with open(lab.folder / "sent.log", "ab") as log:
            sender = spawn([program, "--home", str(lab.first.home), "network", "order", "send", str(lab.file_of(order)),
                            "--timeout", "1", "--watch", "0", *force], log)
        victims = random.sample([*lab.nodes, lab.etcd, sender], random.randint(1, 2))
        for victim in victims:
            try:
                sender.wait(random.uniform(0, 0.25))
            except subprocess.TimeoutExpired:
                pass
            if victim is lab.etcd:
                lab.etcd.kill()
                lab.etcd.begin()
            elif victim is not sender:
                victim.kill_agent()
                victim.begin_agent()
        try:
            sender.wait(random.uniform(0.05, 0.3))
        except subprocess.TimeoutExpired:
            pass
        end(sender)
        pauses += not paused
    lab.etcd.wait()
    for node in lab.nodes:
        node.kill_agent()
    lab.start_agents()
    orders = lab.etcd.orders()
    newest = max(orders)
    check(f"pauses and resumes were sent: {pauses}", 5 < pauses < kill_rounds - 5)
    print(f"{len(orders)} orders, the newest {newest}")
    status = "PAUSED" if '"action":"pause"' in orders[newest] else "ACTIVE"
    lab.expect("after all that", status)
    for node in lab.nodes:
        check(f"{node.name} has the newest order", node.query("select max(sequence) from network_orders") == [(newest,)])
        check(f"the chain of {node.name} is sound", node.run("verify-integrity").returncode == 0)
    for home in (*lab.nodes, lab.bob):
        done = home.run("network", "audit", "--verify")
        check(f"the log of {home.name} is sound", done.returncode == 0, done)
    if status == "PAUSED":
        lab.resume()


cases = (a_policy, agents_away, plane_away, forgeries, database_away, lapses, careful_resume, restores,
         killed_at_any_instant)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
with tempfile.TemporaryDirectory() as name:
    try:
        lab = Lab(pathlib.Path(name), program, chain_tool)
        lab.start_agents()
        for case in cases:
            if case.__name__ in left_out or (only and case.__name__ not in ("a_policy", *only)):
                continue
            began = time.monotonic()
            case(lab)
            print(f"{case.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        if failures:
            for node in lab.nodes:
                print(f"{node.name}:", *(node.home / "agent.log").read_text().splitlines()[-15:], sep="\n  ")
    finally:
        end_all()
finish(seed)
