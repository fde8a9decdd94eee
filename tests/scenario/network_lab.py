"""What a scenario of several nodes needs: a real etcd, homes with an agent each, and members who sign orders.

The orders are made here from docs/orders.md alone, so that forged ones can be, and true ones are checked by two programs.
"""

import base64
import ctypes
import datetime
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

from checks import check, free_ports

network = "testnet"
started = []


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def spawn(command, log, **more):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                               preexec_fn=die_with_parent, **more)
    started.append(process)
    return process


def end(process, with_signal=signal.SIGKILL):
    """Ends a process and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, with_signal)
    process.wait(20)
    if process in started:
        started.remove(process)


def end_all():
    for process in list(started):
        end(process)


def wait_until(happened, seconds=20):
    """Whether it happened in time."""
    deadline = time.monotonic() + seconds
    while True:
        if happened():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def free_urls(count):
    return [f"http://127.0.0.1:{port}" for port in free_ports(count)]


class Etcd:
    """One member, alone or of a cluster; `peers`: {name: peer URL} of all its members."""

    def __init__(self, folder, name="test", url=None, peers=None):
        self.folder, self.name = folder, name
        self.url = url or free_urls(1)[0]
        self.peers = peers or {name: free_urls(1)[0]}
        self.process = None
        if not peers:
            self.start()

    def begin(self):
        with open(self.folder / f"etcd-{self.name}.log", "ab") as log:
            self.process = spawn(["etcd", "--name", self.name, "--data-dir", str(self.folder / f"etcd-{self.name}"),
                                  "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                                  "--listen-peer-urls", self.peers[self.name], "--initial-advertise-peer-urls",
                                  self.peers[self.name], "--initial-cluster",
                                  ",".join(f"{name}={url}" for name, url in self.peers.items()), "--unsafe-no-fsync"],
                                 log)

    def start(self):
        self.begin()
        self.wait()

    def wait(self):
        if not wait_until(self.healthy, 30):
            raise RuntimeError("etcd does not answer")

    def healthy(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=3) as answer:
                return json.load(answer)["health"] == "true"
        except (OSError, ValueError, KeyError):
            return False

    def kill(self):
        end(self.process)

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def call(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def put(self, name, text):
        """Whether etcd takes it."""
        try:
            self.call("/v3/kv/put", {"key": coded(f"bt2c/{network}/{name}"), "value": coded(text)})
            return True
        except urllib.error.HTTPError:
            return False

    def put_many(self, entries):
        """As few calls as etcd allows."""
        for begin in range(0, len(entries), 100):
            self.call("/v3/kv/txn", {"success": [
                {"request_put": {"key": coded(f"bt2c/{network}/{name}"), "value": coded(text)}}
                for name, text in entries[begin:begin + 100]]})

    def range(self, folder):
        """{name: text} of all entries there."""
        first = f"bt2c/{network}/{folder}/"
        answer = self.call("/v3/kv/range", {"key": coded(first), "range_end": coded(first[:-1] + "0")})
        return {base64.b64decode(one["key"]).decode()[len(first):]: base64.b64decode(one.get("value", "")).decode()
                for one in answer.get("kvs", [])}

    def remove(self, folder):
        first = f"bt2c/{network}/{folder}"
        self.call("/v3/kv/deleterange", {"key": coded(first), "range_end": coded(first[:-1] + chr(ord(first[-1]) + 1))})

    def orders(self):
        return {int(name): text for name, text in self.range("to-nodes/orders").items() if name.isdigit()}

    def acknowledgements(self, sequence):
        """{node: document}."""
        head = f"{sequence:019}."
        return {name[len(head):]: json.loads(text) for name, text in self.range("from-nodes/acks").items()
                if name.startswith(head)}


def etcd_cluster(folder, count):
    """Members of one cluster, all healthy."""
    urls = free_urls(2 * count)
    peers = {f"m{number}": urls[count + number] for number in range(count)}
    members = [Etcd(folder, f"m{number}", urls[number], peers) for number in range(count)]
    for member in members:
        member.begin()
    for member in members:
        member.wait()
    return members


def coded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class Node:
    def __init__(self, folder, number, program, chain, validators, etcd):
        self.program, self.name = program, f"node-{number}"
        self.home = folder / self.name
        for name in ("data", "config"):
            (self.home / name).mkdir(parents=True)
        self.database = self.home / "data" / "blockchain.db"
        shutil.copy(chain, self.database)
        (self.home / "config" / "dr.toml").write_text(
            f'[network]\nnode_name = "{self.name}"\ncontrol_plane = "etcd"\netcd_endpoints = ["{etcd.url}"]\n'
            f"ack_timeout_seconds = 20\nvalidators = {json.dumps(validators)}\n")
        self.marker = self.home / "network" / "agent-ready.json"
        self.agent = None

    def run(self, *arguments, **more):
        return subprocess.run([self.program, "--home", str(self.home), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, env={**os.environ, **more})

    def begin_agent(self):
        self.marker.unlink(missing_ok=True)
        with open(self.home / "agent.log", "ab") as log:
            self.agent = spawn([self.program, "--home", str(self.home), "agent", "--settle-seconds", "1"], log)

    def start_agent(self):
        """Whether it gets ready."""
        self.begin_agent()
        return self.is_ready()

    def is_ready(self):
        return wait_until(lambda: self.marker.exists() or self.agent.poll() is not None) and self.agent.poll() is None

    def kill_agent(self):
        end(self.agent)

    def query(self, sql, timeout=10.0):
        connection = sqlite3.connect(self.database, timeout=timeout)
        try:
            rows = connection.execute(sql).fetchall()
            connection.commit()
            return rows
        finally:
            connection.close()

    def states(self):
        """Everything of a validator but the two clocks that stand still during a pause."""
        columns = [row[1] for row in self.query("pragma table_info(validators)")
                   if row[1] not in ("last_validation", "unstake_requested_at")]
        return self.query(f"select {', '.join(columns)} from validators order by network_type, address")

    def refuses_blocks(self):
        """A writer that knows nothing of orders."""
        try:
            self.query("insert into blocks (hash, previous_hash, timestamp, nonce, difficulty, merkle_root, height, "
                       f"network_type) values ('{'e' * 64}', '', 1, 1, 1, '', 999999, '{network}')")
        except sqlite3.IntegrityError:
            return True
        self.query("delete from blocks where height = 999999")
        return False

    def behind_the_guard(self, sql):
        """As an operator who knows of it: the triggers are away for a moment."""
        connection = sqlite3.connect(self.database, timeout=10, isolation_level=None)
        connection.execute("begin immediate")
        triggers = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f'drop trigger "{name}"')
        connection.execute(sql)
        for _, text in triggers:
            connection.execute(text)
        connection.execute("commit")
        connection.close()

    def status(self):
        return json.loads(self.run("--json", "network", "status").stdout)

    def audit(self):
        path = self.home / "network" / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def events(self, event, sequence):
        return sum(1 for entry in self.audit() if entry["event"] == event and entry["sequence"] == sequence)


class Member:
    """Signs by openssl, not by the program."""

    def __init__(self, folder, name):
        self.name, self.key = name, folder / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(self.key)], check=True,
                       stderr=subprocess.DEVNULL)
        der = subprocess.run(["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE).stdout
        self.public_key = base64.b64encode(der[-32:]).decode()

    def policy(self):
        return (f'[[member]]\nname = "{self.name}"\npublic_key = "{self.public_key}"\nmay = ["pause", "resume"]\n'
                "pauses_per_30_days = 1000\n")

    def sign(self, order):
        signed_at = utc(time.time())
        message = self.key.with_suffix(".message")
        message.write_text(text_of({**{key: value for key, value in order.items() if key != "signatures"},
                                    "signer": self.name, "signed_at": signed_at}))
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(self.key), "-in", str(message)],
                                   check=True, stdout=subprocess.PIPE).stdout
        order["signatures"].append({"signer": self.name, "public_key": self.public_key, "signed_at": signed_at,
                                    "signature": base64.b64encode(signature).decode()})
        return order


def utc(at):
    return datetime.datetime.fromtimestamp(int(at), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(order):
    return json.dumps(order, separators=(",", ":"), ensure_ascii=False)


def new_order(genesis, action, sequence, resumes=0, seconds=3600, valid=300, **other):
    now = time.time()
    return {"purpose": "bt2c network order", "version": 1, "network": network, "genesis_hash": genesis, "action": action,
            "scope": "all", "sequence": sequence, "issued_at": utc(now), "expires_at": utc(now + valid),
            "pause_until": utc(now + seconds) if action == "pause" else "", "resumes": resumes, "reason": "a test",
            "incident": "", **other, "signatures": []}


class Lab:
    """Five nodes of one network, three members."""

    def __init__(self, folder, program, chain_tool):
        self.folder = folder
        self.etcd = Etcd(folder)
        chain = folder / "chain.db"
        subprocess.run([chain_tool, "create", str(chain), "--layout", "fresh", "--network", network, "--validators", "9"],
                       check=True, stdout=subprocess.DEVNULL)
        connection = sqlite3.connect(chain)
        own = connection.execute("select address from validators where status = 'ACTIVE' order by stake desc").fetchall()
        self.genesis, = connection.execute("select hash from blocks order by height limit 1").fetchone()
        self.tip, = connection.execute("select max(height) from blocks").fetchone()
        connection.close()
        assert len(own) == 5
        self.nodes = [Node(folder, number + 1, program, chain, list(own[number]), self.etcd) for number in range(5)]
        self.first = self.nodes[0]
        self.before = self.first.states()
        self.bob = Node(folder, "bob", program, chain, [], self.etcd)
        self.carol, self.mallory = Member(folder, "carol"), Member(folder, "mallory")
        self.password = folder / "password"
        self.password.write_text("a password of the test\n")
        self.members = "".join(
            json.loads(self.signed(home, "--json", "network", "signer", "create", name).stdout)["member"]
            + "pauses_per_30_days = 1000\n" for home, name in ((self.first, "alice"), (self.bob, "bob")))
        self.members += self.carol.policy()
        self.set_policy(2)

    def set_policy(self, resume_threshold):
        for node in (*self.nodes, self.bob):
            (node.home / "config" / "emergency-policy.toml").write_text(
                f'network = "{network}"\npause_threshold = 1\nresume_threshold = {resume_threshold}\n{self.members}')

    def signed(self, home, *arguments):
        return home.run(*arguments, BT2C_SIGNER_PASSWORD_FILE=str(self.password))

    def start_agents(self, nodes=None):
        for node in nodes or self.nodes:
            node.begin_agent()
        for node in nodes or self.nodes:
            check(f"{node.name} gets ready", node.is_ready())

    def pause(self, *arguments):
        return self.signed(self.first, "--json", "network", "pause", "--as", "alice", "--watch", "0", *arguments)

    def file_of(self, order):
        path = self.folder / f"order-{order['sequence']}.json"
        path.write_text(text_of(order))
        return path

    def resume_order(self):
        """Signed by two members, in a file."""
        path = self.folder / f"resume-{time.monotonic_ns()}.json"
        done = self.first.run("network", "order", "create", "--resume", "-o", str(path))
        check("an order is made", done.returncode == 0, done)
        path.write_text(text_of(self.carol.sign(json.loads(path.read_text()))))
        done = self.signed(self.bob, "network", "order", "sign", str(path), "--yes")
        check("bob signs", done.returncode == 0, done)
        return path

    def send(self, path, *arguments, node=None):
        return (node or self.first).run("--json", "network", "order", "send", str(path), "--watch", "0", *arguments)

    def resume(self):
        done = self.send(self.resume_order(), "--timeout", "10")
        check("the network is resumed", done.returncode == 0, done)
        self.expect("after the resume", "ACTIVE")

    def newest(self):
        return max(node.query("select max(sequence) from network_orders")[0][0] for node in self.nodes)

    def expect(self, what, status, nodes=None, seconds=40):
        """Every database comes to that state, by SQL and by the program."""
        for node in nodes or self.nodes:
            rows = None

            def there():
                nonlocal rows
                rows = node.states()
                awake = any(row[1:].count("ACTIVE") for row in rows)
                return rows == self.before if status == "ACTIVE" else not awake
            check(f"{what}: the validators of {node.name} are {status}: {rows}", wait_until(there, seconds))
            told = node.status()
            check(f"{what}: {node.name} says so: {told}", told.get("status") == status and not told["problems"]
                  and told["active_validators"] == (5 if status == "ACTIVE" else 0))
            check(f"{what}: the guard of {node.name}", node.refuses_blocks() == (status == "PAUSED"))

    def answers(self, sequence, status, nodes=None):
        names = {node.name for node in nodes or self.nodes}
        return wait_until(lambda: names == {name for name, one in self.etcd.acknowledgements(sequence).items()
                                            if name in names and one["status"] in status})


def error_of(ended):
    try:
        return " ".join(str(text) for text in json.loads(ended.stdout)["error"].values())
    except (ValueError, KeyError):
        return ended.stdout.decode()


def answers_in(ended):
    return {one["name"]: one["status"] for one in json.loads(ended.stdout).get("nodes", [])}
