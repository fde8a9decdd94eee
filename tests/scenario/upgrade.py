"""[I2] The check around an upgrade: which backup holds what was recorded, what a second 'before' must not hide, and what
'after' must not pass over.

usage: upgrade.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

from checks import check, finish

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])
environment = {key: value for key, value in os.environ.items() if not key.startswith("BT2C_")}


class Node:
    def __init__(self, folder, blocks=100):
        self.home = pathlib.Path(folder) / "a node"
        self.database = self.home / "data/blockchain.db"
        self.record = self.home / "backups/upgrade-check.json"
        self.database.parent.mkdir(parents=True)
        (self.home / "config").mkdir()
        subprocess.run([chain_tool, "create", str(self.database), "--blocks", str(blocks), "--network", "mainnet"],
                       check=True, stdout=subprocess.DEVNULL)
        self.ended("backup")

    def ended(self, *arguments):
        return subprocess.run([program, "--home", str(self.home), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, timeout=250)

    def run(self, *arguments, status=0):
        done = self.ended("--json", *arguments)
        check(f"{' '.join(arguments)} ends with {status}", done.returncode == status, done)
        return json.loads(done.stdout)

    def before(self, status=0):
        return self.run("upgrade-check", "before", status=status)

    def after(self, status=0):
        return self.run("upgrade-check", "after", status=status)

    def sql(self, text):
        subprocess.run(["sqlite3", str(self.database), text], check=True)

    def grow(self, blocks=1, *options):
        # The chain may be locked for a moment.
        subprocess.run([chain_tool, "append", str(self.database), "--blocks", str(blocks), *options],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def lose_blocks(self, count):
        self.sql("DELETE FROM transactions WHERE block_hash IN (SELECT hash FROM blocks ORDER BY height DESC LIMIT "
                 f"{count}); DELETE FROM blocks WHERE height > (SELECT max(height) FROM blocks) - {count}")


def texts(document, serious):
    return [one["text"] for one in document["differences"] if one["serious"] == serious]


def beside_a_running_node(node):
    """The backup that is named holds at least what was recorded."""
    over = threading.Event()

    def append():
        while not over.is_set():
            node.grow()

    for _ in range(3):
        appending = threading.Thread(target=append)
        appending.start()
        try:
            before = node.before()
        finally:
            over.set()
            appending.join()
            over.clear()
        recorded = json.loads(node.record.read_text())["facts"]["networks"][0]["height"]
        held = next(one for one in node.run("list-backups")["backups"] if one["id"] == before["backup"])["height"]
        check("the backup holds what was recorded", held >= recorded, (held, recorded))
        node.run("restore", "--backup", before["backup"])
        check("that backup has lost nothing", texts(node.after(), True) == [])


def before_twice(node):
    first = node.before()
    check("no earlier one", first["earlier_at"] is None and first["has_blocks"] is True and first["pin_command"] is None, first)
    node.grow(3)
    node.sql("CREATE TRIGGER watcher AFTER INSERT ON blocks BEGIN SELECT 1; END")
    second = node.before()
    check("what came since is told", second["earlier_at"] is not None and second["backup"] != first["backup"]
          and any("from height 99 to 102" in text for text in texts(second, False))
          and second["differences"][0]["is_trigger"] is True, second)
    kept = node.record.read_bytes()
    node.lose_blocks(9)
    for _ in range(2):
        error = node.before(status=3)["error"]
        check("a loss is told, and the way on", "ends at height 93, it was 102" in error["cause"]
              and second["backup"][:8] in error["state"] and str(node.record) in error["hint"]
              and f"bt2c-dr --home '{node.home}' upgrade-check after" in error["hint"], error)
    check("the old record stays", node.record.read_bytes() == kept and node.after(status=3)["backup"] == second["backup"])
    node.run("restore", "--backup", second["backup"])
    node.after()
    node.lose_blocks(2)
    check("what was found sound is answered", node.before()["earlier_at"] is None)
    node.lose_blocks(2)
    node.before(status=3)
    node.record.unlink()
    node.before()
    node.record.write_text(node.record.read_text().replace('"version": 4', '"version": 3'))
    done = node.ended("upgrade-check", "before")
    check("a record that cannot be used is told", done.returncode == 0 and b"it is of another version" in done.stderr, done)


def without_blocks(node):
    node.sql("DELETE FROM transactions; DELETE FROM blocks; DELETE FROM slashing_evidence")
    done = node.ended("upgrade-check", "before")
    check("nothing is praised", done.returncode == 0 and b"holds no block" in done.stdout and b"verifies" not in done.stdout
          and b"Upgrade now" not in done.stdout, done)
    check("nor found sound", b"no chain could be compared" in node.ended("upgrade-check", "after").stdout)
    check("a document tells it too", node.before()["has_blocks"] is False)


def what_after_must_not_pass_over(node):
    node.sql("INSERT INTO slashing_evidence (validator_address, evidence_type, block_hash1, block_hash2, height, timestamp, "
             "network_type) SELECT address, 'double_sign', 'a', 'b', 7, 1.5, 'mainnet' FROM validators LIMIT 1")
    backup = node.before()["backup"]
    sound = node.database.read_bytes()
    for change, text in (
            ("UPDATE slashing_evidence SET validator_address = 'x', height = 5", "who signed twice may be forgotten"),
            ("DELETE FROM slashing_evidence WHERE id = 1; INSERT INTO slashing_evidence (validator_address, evidence_type, "
             "timestamp, network_type) VALUES ('x', 'double_sign', 2, 'mainnet')",
             "who signed twice may be forgotten"),
            ("UPDATE transactions SET is_pending = 1 WHERE block_hash IS NOT NULL", "has transactions up to height")):
        node.sql(change)
        found = texts(node.after(status=3), True)
        check(f"serious: {change}", any(text in one for one in found), found)
        node.database.write_bytes(sound)
    node.sql("DROP INDEX idx_nonces_sender; CREATE VIEW heights AS SELECT height FROM blocks;"
             "CREATE TRIGGER thief AFTER INSERT ON blocks BEGIN DELETE FROM validators; END")
    after = node.after()
    check("objects of the schema are told, triggers first", after["differences"][0]["is_trigger"] is True
          and {"index idx_nonces_sender is gone", "view heights is new"} <= set(texts(after, False)), after)
    shown = node.ended("upgrade-check", "after").stdout
    check("with what they do", b"read what it does: trigger thief of blocks is new: CREATE TRIGGER thief" in shown
          and b"DELETE FROM validators" in shown and b"Let somebody read the triggers" in shown, shown)
    node.database.write_bytes(sound)
    check("sound again, and the backup is there", node.after()["backup_is_gone"] is False)
    for manifest in (node.home / "backups/repository/manifests").iterdir():
        if manifest.name.startswith(backup):
            manifest.unlink()
    check("a backup that is gone is told of a sound chain too", node.after()["backup_is_gone"] is True)


def around_a_pause(node):
    node.before()
    node.run("network", "pause", "--reason", "upgrade")
    after = node.after()
    check("a pause is told", any("network mainnet is paused" in text for text in texts(after, False)), after)
    node.before()
    node.run("network", "resume")
    check("its end too", any("not paused any more" in text for text in texts(node.after(), False)))
    node.before()
    node.run("network", "pause", "--reason", "upgrade")
    node.run("network", "resume")
    check("pause, upgrade, resume", any("a pause lies between" in text for text in texts(node.after(), False)))


def around_a_rotation(node):
    phrase = "offer salon river hole elegant crowd come together orange horror slogan real"
    address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu"
    node.sql(f"UPDATE unstake_requests SET validator_address = '{address}' WHERE validator_address IN (SELECT address FROM "
             f"validators WHERE status = 'UNSTAKING'); UPDATE validators SET address = '{address}' WHERE status = 'UNSTAKING'")
    words = node.home.parent / "new phrase"
    environment.update(BT2C_WALLET_PASSWORD="the first password", BT2C_NEW_WALLET_PASSWORD="the second password")
    node.run("recover-keys", "--seed-phrase", phrase)
    for compromised in ([], ["--compromised", "--reason", "stolen"]):
        node.before()
        rotated = node.run("keys", "rotate", "--address", address, "--phrase-file", str(words), *compromised)
        after = node.after()
        check("a rotated key is told", f"validator {address} of mainnet rotated its key to {rotated['new_address']}"
              in texts(after, False), after)
        node.grow()
        node.after()
        words.unlink()
        address = rotated["new_address"]
        environment.update(BT2C_WALLET_PASSWORD="the second password", BT2C_NEW_WALLET_PASSWORD="the third password")
    sound = node.database.read_bytes()
    node.sql("UPDATE key_rotations SET record = replace(record, 'bt2c', 'bt2d')")
    found = texts(node.after(status=3), True)
    check("others' rotations are serious", any("without the signatures of both keys" in text for text in found), found)
    node.database.write_bytes(sound)
    node.after()


def what_blocks_may_not_do(node):
    node.before()
    node.sql("UPDATE validators SET status = 'ACTIVE' WHERE status = 'TOMBSTONED'")
    node.grow()
    found = texts(node.after(status=3), True)
    check("no block lifts a ban", any("it was TOMBSTONED" in text for text in found), found)


def on_a_better_chain(node):
    shared = node.database.read_bytes()
    node.grow(2)
    node.before()
    ours = node.database.read_bytes()
    node.database.write_bytes(shared)
    node.grow(4, "--transactions-per-block", "2")
    after = node.after()
    check("its last blocks may be replaced", any("went over to a better chain" in text for text in texts(after, False)), after)
    node.database.write_bytes(ours)
    node.grow(9)
    node.before()
    node.database.write_bytes(shared)
    node.grow(20, "--transactions-per-block", "2")
    found = texts(node.after(status=3), True)
    check("and no more than these", any("has another history: block 110" in text for text in found), found)


def on_a_write_only_node(node):
    team = node.home.parent / "team"
    (team / "config").mkdir(parents=True)
    for home in (team, node.home):
        (home / "config/dr.toml").write_text("repository = '../shared'\n")

    def by_team(*arguments):
        return subprocess.run([program, "--home", str(team), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment, timeout=100, start_new_session=True)

    by_team("repository", "init")
    by_team("repository", "write-key", "create", "-o", str(node.home / "config/repository.write-key"))
    shutil.rmtree(node.home / "backups")
    (node.home / "config/repository.key").unlink(missing_ok=True)
    before = node.before()
    check("who must pin it is told", before["pin_command"] == f"bt2c-dr pin {before['backup']}", before)
    check("there it can be pinned", by_team(*before["pin_command"].split()[1:]).returncode == 0)
    shown = node.ended("upgrade-check", "before").stdout.decode()
    check("with a command that is not for this home", "only if the team pins it, where the keys are: bt2c-dr --home TEAM pin " in shown, shown)


for test in (beside_a_running_node, before_twice, without_blocks, what_after_must_not_pass_over, around_a_pause, around_a_rotation,
             what_blocks_may_not_do, on_a_better_chain, on_a_write_only_node):
    with tempfile.TemporaryDirectory() as name:
        test(Node(name, blocks=2000 if test is beside_a_running_node else 100))
finish()
