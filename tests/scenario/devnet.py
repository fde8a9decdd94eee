"""[N1] [N2] Networks that 'devnet up' makes: orders that all nodes obey, nodes that were away, kills, twins.

usage: devnet.py PROGRAM NODE_PROGRAM
"""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

from checks import check, finish
from devnet_lab import Devnet, run, runs, until


def answers(done):
    return {node["name"]: node for node in json.loads(done.stdout)["nodes"]}


def orders(folder):
    """Pause, resume, a node that is away, an agent that is away."""
    with Devnet(folder / "orders", "--validators", "4", "--block-time", "1") as net:
        sent = run("--json", "devnet", "tx", "--count", "40", "--dir", net.folder)
        check("transfers are in blocks", sent.returncode == 0 and json.loads(sent.stdout)["in_blocks"] == 40, sent)
        slow = run("--json", "devnet", "tx", "--count", "4", "--rate", "8", "--no-wait", "--dir", net.folder)
        check("at a rate", slow.returncode == 0 and 0.3 < json.loads(slow.stdout)["seconds"] < 10, slow)
        before = net.statuses(0)

        paused = net.network("pause", "--reason", "a drill", "--watch", "3")
        check("pause", paused.returncode == 0 and len(answers(paused)) == 4
              and all(node["acknowledged"] for node in answers(paused).values()), paused)
        heights = net.heights()
        check("all stand at one height", len(set(heights)) == 1, heights)
        for index in range(4):
            check("all are INACTIVE", {row[1:3] for row in net.statuses(index)} == {("INACTIVE", 0)})
        status = json.loads(run("--json", "devnet", "status", "--dir", net.folder).stdout)
        check("status tells it", all(node["paused"] and node["agent_running"] for node in status["nodes"]), status)
        refused = run("devnet", "tx", "--count", "1", "--dir", net.folder)
        check("no transfer is taken", refused.returncode == 1 and b"paused" in refused.stderr, refused)

        begin = time.monotonic()
        resumed = net.network("resume")
        check("resume", resumed.returncode == 0, resumed)
        check("no block came meanwhile", net.query(0, "select count(*) from blocks where height = "
                                                      f"{heights[0] + 1} and timestamp < (select max(timestamp) "
                                                      "from network_status where status = 'ACTIVE')") == [(0,)])
        check("blocks within three block times",
              until(lambda: max(net.heights()) > heights[0], 3) and time.monotonic() - begin < 4.5)
        check("on all nodes", until(lambda: min(net.heights()) > heights[0], 10))
        for index in range(4):
            check("each validator is as before", net.statuses(index) == before)
        again = net.network("resume")
        check("resumed twice, nothing changes", again.returncode == 0 and json.loads(again.stdout)["validators_changed"] == 0, again)

        # A node that is away obeys before it makes a block; its absence is told.
        net.kill(3, "node", signal.SIGTERM)
        net.kill(3, "agent", signal.SIGTERM)
        paused = net.network("pause", "--timeout", "2", "--watch", "2")
        check("a missing node is named", paused.returncode == 6
              and [name for name, node in answers(paused).items() if not node["acknowledged"]] == ["node-4"], paused)
        heights = net.heights()[:3]
        net.up()
        check("it is paused when it is back", net.ask(3, "/network/status").get("paused") is True)
        check("and made no block", net.height(3) <= max(heights)
              and net.query(3, "select count(*) from node_made where height > " + str(max(heights))) == [(0,)])
        check("resume with all", until(lambda: net.network("resume").returncode == 0, 20))
        check("all go on", until(lambda: min(net.heights()) > max(heights) + 1))

        # An agent that is away while its node runs: the node goes on alone, without a majority.
        net.kill(1, "agent")
        paused = net.network("pause", "--timeout", "2", "--watch", "2")
        check("a missing agent is named", paused.returncode == 6
              and [name for name, node in answers(paused).items() if not node["acknowledged"]] == ["node-2"], paused)
        net.up()
        check("it obeys when it is back", until(lambda: net.ask(1, "/network/status").get("paused") is True, 20))
        check("resume again", until(lambda: net.network("resume").returncode == 0, 20))
        height = max(net.heights())
        check("all go on again", until(lambda: min(net.heights()) > height + 2) and net.agree(height + 2))

        # A node that starts beside an agent that has been ready for long.
        net.kill(2)
        net.up()
        log = net.home(2) / "node.log"
        check("it need not wait for the agent to start anew",
              until(lambda: "made block" in log.read_text().rsplit(" begins on ", 1)[-1]))
        check("nobody signed twice", net.no_double_signature())
        again = run("--json", "devnet", "up", "--dir", net.folder)
        check("up again starts nothing", again.returncode == 0 and json.loads(again.stdout)["started"] == [], again)
        other = run("devnet", "up", "--validators", "5", "--dir", net.folder)
        check("another one is refused", other.returncode == 2, other)


def kills_and_twins(folder):
    with Devnet(folder / "kills", "--validators", "4", "--block-time", "1", "--no-agents") as net:
        check("blocks", until(lambda: min(net.heights()) >= 3))
        net.kill(2)
        height = net.height(0)
        check("the others go on", until(lambda: net.height(0) >= height + 3))
        net.up()
        check("it has what it missed", until(lambda: net.height(2) >= height + 3) and net.agree(height + 3))

        # The same key twice: a home that was copied while its machine runs.
        twin = folder / "twin"
        shutil.copytree(net.home(3), twin)
        net.start_twin(twin, 3)
        height = max(net.heights())
        check("one of the two is locked, or kept out",
              until(lambda: (twin / "network" / "signing-lock.json").exists()
                    or (net.home(3) / "network" / "signing-lock.json").exists()
                    or net.extra[0].poll() is not None, 40), (twin / "log").read_text()[-2000:])
        check("the network goes on", until(lambda: net.height(0) >= height + 10))
        check("no two signatures", net.no_double_signature(twin))


def restored_beside_its_twin(folder):
    """A node restored from an old backup while its twin still runs never signs a height twice."""
    with Devnet(folder / "restored", "--validators", "4", "--block-time", "1", "--no-agents") as net:
        twin, home, key = folder / "restored-twin", net.home(3), net.nodes[3]["validator"]
        peers = ",".join(node["rest_url"] for node in net.nodes[:3])

        def highest_by_key():
            return net.query(0, "select max(b.height) from node_blocks n join blocks b on b.hash = n.hash where "
                                f"n.validator = '{key}'")[0][0] or 0

        def twin_height():
            database = sqlite3.connect(twin / "data" / "blockchain.db", timeout=10)
            found = database.execute("select max(height) from blocks").fetchone()[0]
            database.close()
            return found

        def unlock():
            return run("--home", twin, "network", "unlock-signing", "--old-host-dead", "a test says so", "--peer", peers)

        check("the key signs", until(lambda: highest_by_key() > 0))
        check("a backup", run("--home", home, "backup").returncode == 0)
        old = net.height(0)
        check("time goes by", until(lambda: net.height(0) >= old + 8))
        # The repository is in the old home, so its configuration is given to the restore.
        restored = run("--home", home, "restore", "--backup", "latest", "--target", twin)
        check("it is restored", restored.returncode == 0 and (twin / "network" / "signing-lock.json").exists(), restored)
        net.start_twin(twin, 3)
        check("it syncs", until(lambda: twin_height() >= old + 8))
        refused = unlock()
        check("it is not unlocked while the old host lives", refused.returncode == 3
              and (twin / "network" / "signing-lock.json").exists(), refused)

        # The old host dies at last; its key falls silent.
        net.kill(3)
        unlocked = None

        def unlocks():
            nonlocal unlocked
            unlocked = unlock()
            return unlocked.returncode == 0

        check("it is unlocked when the old host is dead", until(unlocks, 60), unlocked)
        before = highest_by_key()
        check("and signs", until(lambda: highest_by_key() > before, 90), (twin / "log").read_text()[-2000:])

        # The old host comes back, and with it a watermark and no lock; each round somebody takes the locks away.
        for round_number in range(4):
            for place in (home, twin):
                (place / "network" / "signing-lock.json").unlink(missing_ok=True)
            if round_number == 2:
                for watermark in (twin / "network").glob("watermark-*"):
                    watermark.unlink()
            net.up()
            if net.extra[-1].poll() is not None:
                net.start_twin(twin, 3)
            height = net.height(0)
            check(f"round {round_number}: the network goes on", until(lambda: net.height(0) >= height + 4, 90))
            net.extra[-1].kill()
            net.extra[-1].wait()
            if round_number % 2:
                net.kill(3)
        check("no two signatures, whatever was tried", net.no_double_signature(twin))


def failures_are_told(folder):
    with Devnet(folder / "told", "--validators", "2", "--block-time", "1", "--no-agents") as net:
        net.kill(0)
        (net.home(0) / "config" / "node.toml").write_text("name = 7\n")
        failed = run("devnet", "up", "--dir", net.folder)
        check("a process that ends is told, with its log",
              failed.returncode == 1 and b"node-1 has ended" in failed.stderr and b"node.toml line 1" in failed.stderr,
              failed)
        check("the other one is left standing", runs(net.state()["nodes"][1]["node"]["pid"]))
        # A stopped process does not end by itself.
        state = net.state()
        os.kill(state["nodes"][1]["node"]["pid"], signal.SIGSTOP)
        down = run("--json", "devnet", "down", "--dir", net.folder)
        check("it is killed, and that is told", json.loads(down.stdout).get("killed") == ["node-2"], down)
        # Its number now belongs to another process.
        bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
        state["nodes"][1]["node"]["pid"] = bystander.pid
        (net.folder / "devnet.json").write_text(json.dumps(state))
        down = run("--json", "devnet", "down", "--dir", net.folder)
        check("a stranger is not killed", down.returncode == 0 and bystander.poll() is None, down)
        bystander.kill()
        bystander.wait()
    strange = folder / "strange"
    strange.mkdir()
    (strange / "file").write_text("kept")
    for command in (("up",), ("down", "--remove"), ("status",)):
        done = run("devnet", *command, "--dir", strange)
        check("a folder of something else is left alone", done.returncode == 1 and (strange / "file").exists(), done)
    for options in (("--validators", "0"), ("--validators", "33"), ("--block-time", "0"), ("--block-time", "3601"),
                    ("--control-plane", "ftp://x")):
        done = run("devnet", "up", "--dir", folder / "never", *options)
        check("nonsense is refused", done.returncode == 2 and not (folder / "never").exists(), done)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    orders(folder)
    kills_and_twins(folder)
    restored_beside_its_twin(folder)
    failures_are_told(folder)
finish()
