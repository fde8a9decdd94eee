"""[B5] A node that writes backups and cannot read them, and its team that can, with the real program.

An independent reader opens one manifest by the letter of docs/repository-format.md, through libsodium and OpenSSL's AES.

usage: write_only.py PROGRAM CHAIN_TOOL
"""

import ctypes
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from Cryptodome.Cipher import AES

from checks import check, finish

program, chain_tool = sys.argv[1], sys.argv[2]
rounds = int(os.environ.get("BT2C_TEST_ROUNDS", "50"))
seed = int(os.environ.get("BT2C_TEST_SEED", random.randrange(1 << 30)))
random.seed(seed)


def environment(phrase=None):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BT2C_REPO")}
    return {**clean, **({"BT2C_REPO_PASSWORD": phrase} if phrase else {})}


def run(home, *arguments, phrase=None, status=0):
    done = subprocess.run([program, "--json", "--home", str(home), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(phrase), timeout=120,
                          start_new_session=True)  # no terminal to ask on
    check(f"{' '.join(map(str, arguments))} ends with {status}", done.returncode == status, done)
    return json.loads(done.stdout) if done.stdout else {}, done.stderr.decode()


def make_home(folder, name):
    home = folder / name
    (home / "config").mkdir(parents=True)
    (home / "config" / "dr.toml").write_text('repository = "../shared"\n')
    return home


def chain(home, *arguments):
    subprocess.run([chain_tool, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=60)


def hkdf(key, salt, info, size):
    secret, out, block, number = hmac.new(salt, key, hashlib.sha256).digest(), b"", b"", 1
    while len(out) < size:
        block = hmac.new(secret, block + info + bytes([number]), hashlib.sha256).digest()
        out, number = out + block, number + 1
    return out[:size]


def unseal(key, number, sealed):
    nonce = bytes(4) + number.to_bytes(8, "little")
    return AES.new(key, AES.MODE_GCM, nonce=nonce).decrypt_and_verify(sealed[:-16], sealed[-16:])


def master_key(repository, key_file):
    secret = bytes.fromhex(key_file.read_text().strip())
    own = bytes.fromhex(json.loads((repository / "format").read_text())["id"])
    for path in (repository / "keys").iterdir():
        slot = json.loads(path.read_text())
        if slot["kind"] == "key_file":
            wrapping = hkdf(secret, bytes.fromhex(slot["salt"]), b"bt2c-dr key slotkey_file" + own, 32)
            master = unseal(wrapping, 0, bytes.fromhex(slot["wrapped"]))
            tag = hmac.new(hkdf(master, own, b"bt2c-dr key slot tag", 32),
                           bytes.fromhex(path.name) + b"key_file\0" + bytes.fromhex(slot["salt"] + slot["wrapped"]),
                           hashlib.sha256).hexdigest()
            check("the slot's tag is that of the format", slot["tag"] == tag)
            return own, master
    raise ValueError("no key file slot")


def read_independently(repository, key_file, backup):
    """The plain text of a manifest that a write-only node sealed: its length field and zstd frame."""
    sodium = ctypes.CDLL("libsodium.so.23")
    sodium.sodium_init()
    own, master = master_key(repository, key_file)
    secret = hkdf(master, own, b"bt2c-dr sealing key", 32)
    writer = hkdf(master, own, b"bt2c-dr writer", 32)
    public = ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(public, secret)
    told = json.loads((repository.parent / "node" / "config" / "repository.write-key").read_text())
    check("the public key is as the format says", public.raw.hex() == told["sealing_public_key"])
    check("the writer's secret is as the format says", writer.hex() == told["writer_secret"])
    check("the content key is as the format says",
          hkdf(master, own, b"bt2c-dr content id", 64).hex() == told["content_key"])
    data = (repository / "manifests" / backup).read_bytes()
    check("it is sealed by a write-only node", data[11] == 1)
    opened = ctypes.create_string_buffer(32)
    check("the sealed secret opens", sodium.crypto_box_seal_open(
        opened, data[32:112], ctypes.c_ulonglong(80), public, secret) == 0)
    key = hkdf(opened.raw + writer, data[:32], b"bt2c-dr sealed object" + own, 32)
    return unseal(key, 0, data[112:])


def kill_backups(team, node, database, phrase, images):
    """kill -9 at any instant; whatever a backup that exists holds is what was there."""
    made = 0
    begin = time.monotonic()
    run(node, "backup", "--type", "full")
    images.add(hashlib.sha256(database.read_bytes()).hexdigest())
    span = 2.5 * (time.monotonic() - begin)
    for _ in range(rounds):
        chain(node, "append", str(database), "--blocks", "1")
        kind = "full" if random.random() < 0.2 else "incremental"
        images.add(hashlib.sha256(database.read_bytes()).hexdigest())
        process = subprocess.Popen([program, "--quiet", "--home", str(node), "backup", "--type", kind],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env=environment(), start_new_session=True)
        time.sleep(random.uniform(0, span))
        process.send_signal(signal.SIGKILL)
        errors = process.communicate()[1]
        if process.returncode >= 0:
            made += 1
            check("a backup that was not killed is made", process.returncode == 0, errors)
    listed, _ = run(team, "list-backups", phrase=phrase)
    check("no damaged backup", listed["damaged"] == [], listed["damaged"])
    report, _ = run(team, "repository", "check", "--read-data", phrase=phrase)
    check("the repository is sound", report["ok"], report)
    for backup in random.sample(listed["backups"], min(8, len(listed["backups"]))):
        target = team.parent / f"restored-{backup['id']}"
        run(team, "restore", "--backup", backup["id"], "--target", target, phrase=phrase)
        digest = hashlib.sha256((target / "data" / "blockchain.db").read_bytes()).hexdigest()
        check("a restored database is one that was there", digest in images, backup)
        shutil.rmtree(target)
    print(f"{rounds} rounds, {made} backups were ready before the kill, {len(listed['backups'])} exist")


def several_locations(folder):
    """One of its locations is away; its jobs do what it can do."""
    team, node, usb = make_home(folder, "team"), make_home(folder, "node"), folder / "usb"
    database = node / "data" / "blockchain.db"
    database.parent.mkdir()
    usb.mkdir()
    chain(node, "create", str(database), "--blocks", "40")
    _, words = run(team, "repository", "init")
    phrase = " ".join(re.findall(r"^   (.*)$", words, re.M))
    run(team, "repository", "write-key", "create", "-o", node / "config" / "repository.write-key")
    with open(node / "config" / "dr.toml", "a") as settings:
        settings.write(f'[schedule]\nwait_minutes = 0\n[[location]]\nname = "usb"\nkind = "folder"\npath = "{usb}"\n')
    run(node, "backup", "--type", "full")

    for job in ("full", "incremental"):
        chain(node, "append", str(database), "--blocks", "1")
        run(node, "job", job)
    status, _ = run(node, "location", "status", status=3)  # two are too few
    check("it can tell what each has", [(one["status"], one["backups"]) for one in status["locations"]]
          == [("healthy", 3)] * 2, status)
    done, _ = run(node, "setup-automated-backups", "--scheduler", "agent")
    check("it says what is done elsewhere", any("restore tests run where" in note for note in done["notes"]), done)
    due, _ = run(node, "job", "--due")
    check("no restore test is due", due["ran"] == ["verify"], due)

    usb.rename(folder / "unplugged")
    usb.write_text("a file in its place")
    for kind in ("incremental", "full", "incremental"):
        chain(node, "append", str(database), "--blocks", "1")
        made, _ = run(node, "backup", "--type", kind, status=6)
        check("it is made where it can be", made["type"] == kind and [one["status"] for one in made["locations"]]
              == ["ok", "failed"], made)
    usb.unlink()
    (folder / "unplugged").rename(usb)
    chain(node, "append", str(database), "--blocks", "1")
    made, _ = run(node, "backup", "--type", "incremental")
    check("the next one brings it up to date", [one["status"] for one in made["locations"]] == ["ok", "ok"], made)
    (team / "config" / "dr.toml").write_text(f'repository = "{usb}"\n')
    run(node, "location", "sync")
    listed, _ = run(team, "list-backups", phrase=phrase)
    check("it has all of them", len(listed["backups"]) == 7 and listed["damaged"] == [], listed)
    run(team, "repository", "check", "--read-data", phrase=phrase)


def keepers_home(folder):
    """Where the team keeps the key restore tests and prune run by themselves, and nobody is sent for the node's keys."""
    team, node = make_home(folder, "team"), make_home(folder, "node")
    database = node / "data" / "blockchain.db"
    database.parent.mkdir()
    chain(node, "create", str(database), "--blocks", "40")
    run(team, "repository", "init")
    with open(team / "config" / "dr.toml", "a") as settings:
        settings.write("[schedule]\nkeeper = true\n")
    run(team, "repository", "write-key", "create", "-o", node / "config" / "repository.write-key")
    run(node, "backup", "--type", "full")

    def doctor(home):
        return run(home, "doctor", status=3)[0]["checks"]  # one location is too few

    def of_name(checks, name):
        return [one for one in checks if one["name"] == name]

    def misled(checks):
        return [one for one in checks for wrong in (" restore --backup", "--takeover", " backup --type", " job full", " job verify")
                if f"bt2c-dr --home {team}{wrong}" in (one["mend"] or "") or wrong == "--takeover" and wrong in (one["mend"] or "")]

    found = doctor(team)
    check("it misses no chain", [one["status"] for name in ("database", "verify_age") for one in of_name(found, name)]
          == ["skipped"] * 2 and not misled(found), found)
    done, _ = run(team, "setup-automated-backups", "--scheduler", "agent")
    check("it is told what its jobs are", any("restore tests, each followed by prune" in note for note in done["notes"])
          and not any("nothing is backed up" in note for note in done["notes"]), done)
    due, _ = run(team, "job", "--due")
    check("only the restore test is due", due["ran"] == ["restore-test"], due)
    jobs = team / "backups" / "jobs"
    record = json.loads((jobs / "restore-test.json").read_text())
    check("and prune came after it", record["exit_status"] == 0 and "proved; " in record["message"], record)
    for refused in (("job", "full"), ("job", "incremental"), ("job", "verify"), ("backup",), ("backup", "--type", "incremental"),
                    ("verify-integrity",), ("upgrade-check", "before"), ("restore", "--backup", "latest")):
        error = run(team, *refused, status=2)[0]["error"]
        check("what needs a chain is refused", "is not for this home" in error["message"] and "--takeover" not in error["hint"], error)
    check("without a record", sorted(path.name for path in jobs.glob("*.json")) == ["restore-test.json"])
    set_up, _ = run(team, "init", "--non-interactive", "--schedule", "none")
    steps = {one["name"]: one["detail"] for one in set_up["steps"]}
    check("its set-up waits for no chain", steps["chain"].startswith("this home has none")
          and steps["backup"] == "they are made on the nodes that store here", steps)
    run(team, "restore", "--backup", "latest", "--target", folder / "beside")
    check("beside it the backup comes back", (folder / "beside" / "data" / "blockchain.db").exists()
          and not (team / "config" / "repository.write-key").exists() and not (team / "data").exists())
    run(team, "job", "prune")

    # Jobs that were set up before, and failed each time.
    failed = {**record, "name": "full", "last_ok": None, "last_done": None, "exit_status": 1,
              "message": "backup: cannot store a backup: node 'x' made the newest one here"}
    (jobs / "full.json").write_text(json.dumps(failed))
    found = doctor(team)
    check("they are no finding", not misled(found) and not any(one["subject"] == "full" for one in found), found)
    check("its schedule is the right one", all("the agent does not run" in one["detail"] for one in of_name(found, "schedule")
                                               if one["status"] == "finding"), found)
    # The newest backup did not restore.
    (jobs / "restore-test.json").write_text(json.dumps({
        **record, "exit_status": 3, "message": "test-restore: backup 12345678 does not restore: database_image: it differs"}))
    found = [one for one in doctor(team) if one["subject"] == "restore-test"]
    check("the next one is made on the node", "on the node" in found[0]["mend"] and not misled(found), found)

    # A node that lost its chain says nothing of the kind.
    own = folder / "own"
    (own / "data").mkdir(parents=True)
    chain(own, "create", str(own / "data" / "blockchain.db"), "--blocks", "40")
    run(own, "backup")
    shutil.rmtree(own / "data")
    lost = [one for one in of_name(doctor(own), "database") if one["status"] == "finding"]
    check("a home that lost its chain", len(lost) == 1 and lost[0]["mend"].endswith(" restore --backup latest"), lost)
    prunes = [name for name in run(own, "job", "--due", status=1)[0]["jobs"] if "prun" in name["message"]]
    check("and prunes nothing by itself", not prunes, prunes)


def two_homes(folder):
    """By mistake two of them have one write key and one place."""
    team = make_home(folder, "team")
    _, words = run(team, "repository", "init")
    phrase = " ".join(re.findall(r"^   (.*)$", words, re.M))
    first, second = make_home(folder, "first"), make_home(folder, "second")
    for home in (first, second):
        (home / "data").mkdir()
        chain(home, "create", str(home / "data" / "blockchain.db"), "--blocks", "20")
        run(team, "repository", "write-key", "create", "-o", home / "config" / "repository.write-key")

    def grow(home):
        chain(home, "append", str(home / "data" / "blockchain.db"), "--blocks", "1")

    def refused(home, count, *arguments):
        before = sorted((folder / "shared" / "manifests").iterdir())
        error = run(home, *arguments, status=1)[0]["error"]
        check("it is refused and told how many, since when, and the way on",
              re.search(rf"another node or home made {count} here since 20\d\d-", error["message"])
              and error["state"] == "nothing was stored" and "--takeover" in error["hint"], error)
        check("nothing was stored", sorted((folder / "shared" / "manifests").iterdir()) == before)

    unknown = "that this home does not know"
    _, said = run(first, "backup", "--type", "full")
    check("nothing is said of an empty repository", unknown not in said, said)
    _, said = run(second, "backup", "--type", "full")
    check("the second is told at once", f"1 backup {unknown}" in said, said)
    grow(first)
    for kind in ("incremental", "full"):
        refused(first, "1 backup", "backup", "--type", kind)
    error, _ = run(first, "job", "incremental", status=1)
    check("a job says so too", "another node or home made 1 backup" in error["error"]["cause"], error)
    grow(second)
    run(second, "backup", "--type", "incremental")  # the first has made none meanwhile
    refused(first, "2 backups", "backup", "--type", "incremental")
    run(first, "backup", "--type", "incremental", "--takeover")
    grow(first)
    run(first, "backup", "--type", "incremental")
    refused(second, "2 backups", "backup", "--type", "incremental")
    check("told apart by those who can read", len(run(team, "list-backups")[0]["backups"]) == 5)

    # Of its own: restores on it, into its home and beside it.
    at_first = (first / "data" / "blockchain.db").read_bytes()
    run(first, "restore", "--backup", "latest", "--force", phrase=phrase)
    check("restored", (first / "data" / "blockchain.db").read_bytes() == at_first)
    beside = make_home(folder, "beside")
    for _ in range(2):  # the second time there is something to keep
        run(first, "restore", "--backup", "latest", "--target", beside, "--force", phrase=phrase)
    kept = [one for one in run(team, "list-backups")[0]["backups"] if one["type"] == "safety"]
    check("safety backups were made", len(kept) >= 2, kept)
    grow(first)
    _, said = run(first, "backup", "--type", "incremental")
    check("they are its own", unknown not in said, said)
    # And one that it made with the team's secret.
    grow(first)
    run(first, "backup", "--type", "full", phrase=phrase)
    grow(first)
    run(first, "backup", "--type", "full")

    # What it remembered is lost: it goes on, and says so.
    shutil.rmtree(first / "backups" / "writer-state")
    _, said = run(first, "backup", "--type", "full")
    check("it says that it knows none of them", unknown in said, said)
    _, said = run(first, "backup", "--type", "full")
    check("once", unknown not in said, said)
    # As an earlier program left it: a state, and no list.
    for path in (first / "backups" / "writer-state").glob("*.known*"):
        path.unlink()
    grow(first)
    _, said = run(first, "backup", "--type", "incremental")
    check("nothing to compare with", unknown not in said, said)

    # A copy of the home.
    copy = folder / "copy"
    shutil.copytree(first, copy)
    grow(copy)
    error = run(copy, "backup", "--type", "incremental", status=1)[0]["error"]
    check("a copy is refused", "in another home" in error["message"] and "--takeover" in error["hint"], error)
    run(copy, "backup", "--type", "incremental", "--takeover")
    grow(first)
    refused(first, "1 backup", "backup", "--type", "incremental")


def main(folder):
    team, node = make_home(folder, "team"), make_home(folder, "node")
    repository, write_key = folder / "shared", node / "config" / "repository.write-key"
    database = node / "data" / "blockchain.db"
    database.parent.mkdir()
    chain(node, "create", str(database), "--blocks", "40")
    connection = sqlite3.connect(database)
    genesis = connection.execute("select hash from blocks order by height limit 1").fetchone()[0]
    connection.close()

    _, words = run(team, "repository", "init")
    phrase = " ".join(re.findall(r"^   (.*)$", words, re.M))
    check("24 words", len(phrase.split()) == 24, words)
    made, _ = run(team, "repository", "write-key", "create", "-o", write_key)
    check("the write key is written", made["written"] and write_key.stat().st_mode & 0o777 == 0o600)
    run(team, "repository", "write-key", "create", "-o", write_key)  # the same again
    (team / "other").write_text("something else")
    run(team, "repository", "write-key", "create", "-o", team / "other", status=1)

    # What the node can do, and what it cannot.
    error, _ = run(node, "backup", "--type", "incremental", status=1)
    check("it says that a full one is needed", "--type full" in error["error"]["hint"], error)
    full, _ = run(node, "backup", "--type", "full")
    at_full = database.read_bytes()
    chain(node, "append", str(database), "--blocks", "3")
    second, _ = run(node, "backup", "--type", "incremental")
    at_second = database.read_bytes()
    again, _ = run(node, "backup", "--type", "incremental")
    check("nothing changed", not again["changed"] and again["id"] == second["id"], again)
    for command in (["list-backups"], ["restore", "--backup", "latest"], ["repository", "check"],
                    ["export", "latest", "-o", folder / "out"], ["verify-integrity", "--backup", "latest"],
                    ["repository", "rebuild-index"], ["repository", "write-key", "create"],
                    ["repository", "key", "add", "--recovery-phrase"]):
        error, _ = run(node, *command, status=5)
        check("it is said why", "can write backups and not read them" in error["error"]["message"], error)
    info, _ = run(node, "repository", "info")
    check("info tells what can be told", info["write_only_node"] and info["backups"] == 2
          and info["write_only_backups"] is None, info)
    info, _ = run(team, "repository", "info")
    check("the team sees who sealed", not info["write_only_node"] and info["write_only_backups"] == 2, info)

    # The team: by the phrase from a home that has nothing, and by its key file.
    stranger = make_home(folder, "stranger")
    run(stranger, "list-backups", status=5)
    for backup, image in ((full, at_full), (second, at_second)):
        target = folder / "restored"
        run(stranger, "restore", "--backup", backup["id"], "--target", target, phrase=phrase)
        check("restored byte by byte", (target / "data" / "blockchain.db").read_bytes() == image)
        check("the write key comes back", (target / "config" / "repository.write-key").exists())
        shutil.rmtree(target)
    report, _ = run(team, "repository", "check", "--read-data")
    check("the repository is sound", report["ok"] and not report["findings"], report)
    exported = folder / "exported"
    run(team, "export", "latest", "-o", exported)
    run(stranger, "restore", "--backup-file", exported, "--target", folder / "from-file", phrase=phrase)
    check("by an exported file", (folder / "from-file" / "data" / "blockchain.db").read_bytes() == at_second)
    plain = read_independently(repository, team / "config" / "repository.key", second["id"])
    check("an independent reader opens it", plain[4:8] == b"\x28\xb5\x2f\xfd", plain[:8])

    # A thief has all of the node but its database.
    thief = folder / "thief"
    shutil.copytree(node, thief)
    shutil.rmtree(thief / "data")
    run(thief, "list-backups", status=5)
    run(thief, "restore", "--backup", full["id"], status=5)
    stolen = b"".join(path.read_bytes() for path in thief.rglob("*") if path.is_file())
    # But for the hashes of the chain's first and last block, which the state names.
    hashes = [second["tip_hash"], full["tip_hash"], genesis]
    check("no page of the database is among it", [
        piece for piece in (at_second[at:at + 48] for at in range(0, len(at_second) - 48, 64))
        if piece.count(0) < 8 and piece in stolen and not any(piece in name.encode() for name in hashes)] == [])

    # On the node itself with the team's secret: it reads, restores, and its safety backup opens as well.
    _, note = run(node, "restore", "--backup", full["id"], "--force", phrase=phrase)
    check("restored in place", database.read_bytes() == at_full)
    check("the write key stays", write_key.exists())
    third, note = run(node, "backup", "--type", "incremental")
    check("it goes on", third["parent"] == full["id"], third)
    # A key file beside the write key is told of.
    shutil.copy(team / "config" / "repository.key", node / "config" / "repository.key")
    fourth, _ = run(node, "backup", "--type", "incremental")
    warned = subprocess.run([program, "--home", str(node), "backup", "--type", "incremental"], env=environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    check("a key file beside it is told of", b"repository.key is still here" in warned.stderr, warned)
    # A backup that holds a key file does not bring it back to a node that is to read nothing.
    (node / "config" / "repository.key").unlink()
    restored, _ = run(node, "restore", "--backup", fourth["id"], "--force", phrase=phrase)
    check("it is left out", not (node / "config" / "repository.key").exists()
          and any("not to read" in line for line in restored["kept"]), restored)

    # Its repository is gone, or another; the write key is damaged.
    sound = write_key.read_text()
    write_key.write_text(sound.replace('"version": 1', '"version": 9'))
    run(node, "backup", status=5)
    write_key.write_text(re.sub(r'"repository": "..', '"repository": "00', sound))
    run(node, "backup", status=5)
    write_key.write_text(sound)
    (node / "config" / "dr.toml").write_text('repository = "../nowhere"\n')
    run(node, "backup", status=10)
    check("no repository is made that only others could open", not (folder / "nowhere").exists())
    (node / "config" / "dr.toml").write_text('repository = "../shared"\n')

    kill_backups(team, node, database, phrase,
                 {hashlib.sha256(image).hexdigest() for image in (at_full, at_second)})
    state = folder / "node" / "backups" / "writer-state"
    print(f"the state takes {sum(path.stat().st_size for path in state.iterdir())} bytes "
          f"for a database of {database.stat().st_size}")


for scene in (several_locations, keepers_home, two_homes, main):
    with tempfile.TemporaryDirectory() as name:
        scene(pathlib.Path(name))
finish(seed)
