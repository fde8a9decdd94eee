"""[B4] Backups on a real Swift (S3) and a real sshd (SFTP) beside the local folder, in sessions of the real program.

usage: remote_locations.py PROGRAM CHAIN_PROGRAM SERVERS
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from checks import check, finish

program, chain_program, servers_program = sys.argv[1:4]


class Servers:
    def __enter__(self):
        self.process = subprocess.Popen([servers_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(self.process.wait())
        self.facts = json.loads(line)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)

    def tell(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def make_bucket(self, name):
        """By Swift's own interface, so that nothing here depends on what is tested."""
        login = urllib.request.Request(self.facts["s3"] + "/auth/v1.0", headers={
            "X-Storage-User": self.facts["access_key"], "X-Storage-Pass": self.facts["secret_key"]})
        with urllib.request.urlopen(login, timeout=20) as answer:
            url, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]
        made = urllib.request.Request(f"{url}/{name}", method="PUT", headers={"X-Auth-Token": token})
        with urllib.request.urlopen(made, timeout=20) as answer:
            assert answer.status in (201, 202)


class Node:
    def __init__(self, folder, servers):
        self.home, self.servers = folder / "node", servers
        self.database = self.home / "data/blockchain.db"
        for name in ("data", "config"):
            (self.home / name).mkdir(parents=True)
        self.chain("create", "--blocks", "400")
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": servers.facts["access_key"],
                            "AWS_SECRET_ACCESS_KEY": servers.facts["secret_key"]}

    def chain(self, command, *arguments):
        subprocess.run([chain_program, command, str(self.database), *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def settings(self, bucket="backups", head="", retries=1):
        facts = self.servers.facts
        (self.home / "config/dr.toml").write_text(
            f'{head}\n[backup]\npatience_seconds = 60\n'
            f'[[location]]\nname = "vault"\nkind = "s3"\nendpoint = "{facts["s3"]}"\nbucket = "{bucket}"\n'
            f'prefix = "node-1"\ntimeout_seconds = 5\nretries = {retries}\n'
            f'[[location]]\nname = "host"\nkind = "sftp"\nhost = "127.0.0.1"\nport = {facts["port"]}\n'
            f'user = "{facts["user"]}"\npath = "bt2c"\nkey_file = "{facts["key"]}"\n'
            f'known_hosts_file = "{facts["known_hosts"]}"\ntimeout_seconds = 3\nretries = {retries}\n')

    def run(self, *arguments, **variables):
        done = subprocess.run([program, "--home", str(self.home), "--json", "--quiet", *map(str, arguments)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200,
                              env={**self.environment, **variables})
        done.document = json.loads(done.stdout) if done.stdout else {}
        return done


def outcomes(done):
    return {one["name"]: (one["status"], one["error"]) for one in done.document.get("locations", [])}


def statuses(done):
    return {name: status for name, (status, _) in outcomes(done).items()}


def main(folder):
    with Servers() as servers:
        servers.make_bucket("backups")
        node = Node(folder, servers)
        node.settings()
        full = node.run("backup")
        check("a full backup goes to all three", full.returncode == 0
              and statuses(full) == {"local": "ok", "vault": "ok", "host": "ok"}, full)
        node.chain("append", "--blocks", "5")

        servers.tell("freeze")
        partly = node.run("backup", "--type", "incremental")
        servers.tell("thaw")
        check("a frozen server holds up no other", partly.returncode == 6
              and {**statuses(partly), "host": ""} == {"local": "ok", "vault": "ok", "host": ""}
              and statuses(partly)["host"] != "ok", partly)
        status = node.run("location", "status")
        check("what it lacks is told", status.returncode in (3, 6)
              and [one["name"] for one in status.document["locations"] if one.get("missing")] == ["host"], status)
        synced = node.run("location", "sync")
        check("and caught up", synced.returncode == 0, synced)
        listed = node.run("list-backups")
        check("each has both", [sorted(one["locations"]) for one in listed.document["backups"]]
              == [["host", "local", "vault"]] * 2, listed)
        checked = node.run("repository", "check", "--read-data")
        check("all is sound everywhere", checked.returncode == 0, checked)

        facts = servers.facts
        for there, again in (
                ("vault", f"kind=s3,endpoint={facts['s3'].replace('127.0.0.1', 'localhost')},bucket=backups,prefix=node-1"),
                ("host", f"kind=sftp,host=127.0.0.1,port={facts['port']},user={facts['user']},path=./bt2c,"
                         f"key_file={facts['key']},known_hosts_file={facts['known_hosts']}")):
            twice = node.run("init", "--non-interactive", "--schedule", "none", "--location", "name=again," + again)
            check("one place by two names is no second copy", twice.returncode == 1
                  and f"it is the place of location '{there}'" in twice.document["error"]["message"]
                  and "again" not in (node.home / "config/dr.toml").read_text(), twice)

        by_hand = (node.home / "config/dr.toml").read_text()
        (node.home / "config/dr.toml").write_text(
            by_hand + f'[[location]]\nname = "again"\nkind = "s3"\nendpoint = "{facts["s3"].replace("127.0.0.1", "localhost")}"\n'
            'bucket = "backups"\nprefix = "node-1"\n')
        status = node.run("location", "status")
        check("nor in a dr.toml that was written by hand", status.returncode == 3 and status.document["healthy"] == 3
              and "by another name" in status.document["locations"][3]["error"], status)
        for command in (("backup",), ("location", "sync")):
            done = node.run(*command)
            check(f"{command[-1]} tells which it is", done.returncode == 6 and statuses(done) == {
                "local": "ok", "vault": "ok", "host": "ok", "again": "failed"}
                  and "it is the place of location 'vault'" in outcomes(done)["again"][1], done)
        (node.home / "config/dr.toml").write_text(by_hand)

        other = Node(folder / "other", servers)  # set up onto the same places by mistake
        other.settings()
        fenced = other.run("backup")
        check("another node's places are not taken", fenced.returncode == 5
              and "another node's" in fenced.document["error"]["hint"], fenced)
        (other.home / "config/repository.key").write_text("ab" * 32 + "\n")
        (other.home / "config/repository.key").chmod(0o600)
        fenced = other.run("backup")
        check("not with a key of its own either", fenced.returncode == 5
              and "another node's" in fenced.document["error"]["hint"], fenced)

        servers.tell("kill")
        node.chain("append", "--blocks", "5")
        partly = node.run("backup", "--type", "incremental")
        check("a dead server holds up no other", partly.returncode == 6 and statuses(partly)["vault"] == "ok", partly)
        servers.tell("start")
        node.chain("append", "--blocks", "5")
        whole = node.run("backup", "--type", "incremental")
        check("the next backup brings it up to date", whole.returncode == 0, whole)

        wrong = node.run("backup", AWS_SECRET_ACCESS_KEY="wrong")
        check("wrong credentials are told", wrong.returncode == 6 and statuses(wrong)["vault"] == "failed"
              and statuses(wrong)["host"] == "ok" and "secret key" in outcomes(wrong)["vault"][1], wrong)
        node.settings(bucket="nowhere-at-all")
        absent = node.run("backup")
        check("a missing bucket is told", absent.returncode == 6 and "bucket" in outcomes(absent)["vault"][1].lower(),
              absent)
        node.settings()
        check("and caught up too", node.run("location", "sync").returncode == 0)

        # The machine is gone, and with it the local folder; only remote places are left.
        key = (node.home / "config/repository.key").read_bytes()
        kept = subprocess.run(["sqlite3", str(node.database), "select max(height), count(*) from blocks"], check=True,
                              stdout=subprocess.PIPE).stdout
        shutil.rmtree(node.home)
        for name in ("data", "config"):
            (node.home / name).mkdir(parents=True)
        (node.home / "config/repository.key").write_bytes(key)
        (node.home / "config/repository.key").chmod(0o600)
        node.settings(head='repository = "none"')
        restored = node.run("restore", "--backup", "latest")
        check("it is restored from afar", restored.returncode == 0 and restored.document["verified"], restored)
        check("as it was", subprocess.run(["sqlite3", str(node.database), "select max(height), count(*) from blocks"],
                                          check=True, stdout=subprocess.PIPE).stdout == kept)
        beside = node.home / "config/dr.toml.from-backup"
        check("these settings stay", 'repository = "none"' in (node.home / "config/dr.toml").read_text()
              and restored.document["settings_beside"] == str(beside), restored)
        # The backup's, taken over: with a bucket that is not there, and a local folder that is empty now.
        shutil.copy(beside, node.home / "config/dr.toml")
        servers.tell("kill")
        nowhere = node.run("list-backups")
        check("all places that may have it are named", nowhere.returncode == 1 and all(
            word in nowhere.document["error"]["cause"] for word in ("vault: ", "bucket", "host: ")), nowhere)
        # In S3 alone.
        node.settings()
        shutil.rmtree(node.home / "data")
        (node.home / "data").mkdir()
        restored = node.run("restore", "--backup", "latest")
        check("and from S3 while the other is away", restored.returncode == 0, restored)
        servers.tell("start")
        node.settings(head='repository = "none"')
        without = node.run("backup")
        check("backups go on without a local folder", without.returncode == 0
              and statuses(without) == {"vault": "ok", "host": "ok"}, without)


def set_up(folder):
    """init tries each place for real, and says which it cannot use."""
    with Servers() as servers:
        servers.make_bucket("backups")
        node, facts = Node(folder, servers), servers.facts
        places = {
            "vault": f"name=vault,kind=s3,endpoint={facts['s3']},bucket=backups,prefix=node-2,offsite=true",
            "host": f"name=host,kind=sftp,host=127.0.0.1,port={facts['port']},user={facts['user']},path=bt2c,"
                    f"key_file={facts['key']},known_hosts_file={facts['known_hosts']},offsite=true"}

        def init(*names, **changed):
            options = [word for name in names for word in ("--location", {**places, **changed}[name])]
            return node.run("init", "--non-interactive", "--schedule", "none", "--phrase-file", folder / "words", *options,
                            "--first-backup")

        nowhere = init("vault", vault=places["vault"].replace("bucket=backups", "bucket=none"))
        check("a bucket that is not there", nowhere.returncode == 1
              and "there is no such bucket" in nowhere.document["error"]["message"], nowhere)
        stranger = init("host", host=places["host"].replace(f"user={facts['user']}", "user=nobody-of-here"))
        check("a login that is refused", stranger.returncode == 1
              and "authorized_keys" in stranger.document["error"]["hint"], stranger)
        settings = node.home / "config" / "dr.toml"
        check("neither stands in the settings", not settings.exists() or "location" not in settings.read_text())
        done = init("vault", "host")
        check("init with both", done.returncode == 0, done)
        status = node.run("location", "status")
        check("both have the first backup", [(one["name"], one["status"], one["backups"]) for one in
                                             status.document["locations"]] == [
            ("local", "healthy", 1), ("vault", "healthy", 1), ("host", "healthy", 1)], status)
        again = init("vault", "host")
        check("and again nothing is changed", again.returncode == 0 and again.document["changed"] is False, again)


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name))
with tempfile.TemporaryDirectory() as name:
    set_up(pathlib.Path(name))
finish()
