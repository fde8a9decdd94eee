"""[N1] Orders in sessions of the real program: members on machines of their own, one of them with a token.

usage: orders.py PROGRAM CHAIN_TOOL
"""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile

from checks import check, finish

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])
module = "/usr/lib/softhsm/libsofthsm2.so"
passwords = {"alice": "the password of alice", "bob": "the password of bob"}
pin = "730195826403"
seen = []

if not (os.path.exists(module) and shutil.which("softhsm2-util")):
    print("SoftHSM2 is not installed")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    homes = {member: folder / member for member in ("alice", "bob", "carol")}
    node = folder / "node"
    secrets = folder / "secrets"
    for path in (homes["bob"], homes["carol"], node, secrets, folder / "tokens"):
        path.mkdir()
    for member, password in passwords.items():
        (secrets / member).write_text(password + "\n")
    (secrets / "pin").write_text(pin + "\n")
    (secrets / "wrong").write_text("not the password at all\n")
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BT2C_")}
    environment["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "carol card", "--pin", pin, "--so-pin", "1234567"],
                   env=environment, check=True, stdout=subprocess.DEVNULL)

    def run(home, *arguments, **more):
        ended = subprocess.run([program, "--home", str(home), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**environment, **more}, timeout=120, start_new_session=True,
                               cwd=folder)
        seen.append(ended.stdout + ended.stderr)
        return ended

    def as_member(member, *arguments):
        """With the password of that member in a file."""
        return run(homes[member], *arguments, BT2C_SIGNER_PASSWORD_FILE=str(secrets / member))

    def result(ended):
        return json.loads(ended.stdout)

    # Each member makes a key; the policy comes from what they hand in.
    check("without a terminal a password is asked for in vain",
          run(homes["alice"], "network", "signer", "create", "alice").returncode == 2)
    blocks = ""
    for member in passwords:
        done = as_member(member, "--json", "network", "signer", "create", member)
        check(f"{member} makes a key", done.returncode == 0, done)
        blocks += result(done)["member"]
        file = pathlib.Path(result(done)["file"])
        check("it is for its owner only", file.stat().st_mode & 0o777 == 0o600)
    again = as_member("alice", "network", "signer", "create", "alice")
    check("a key is never overwritten", again.returncode == 1 and b"already" in again.stderr, again)
    done = run(homes["carol"], "--json", "network", "signer", "create", "carol", "--on-token", "--module", module,
               "--pin-file", str(secrets / "pin"))
    check("carol makes a key on a token", done.returncode == 0 and result(done)["token"] == "carol card", done)
    blocks += result(done)["member"]
    listed = run(homes["carol"], "--json", "keys", "token", "list", "--login", "--module", module, "--pin-file",
                 str(secrets / "pin"))
    check("the token shows it", b"bt2c signer carol" in listed.stdout, listed)

    (node / "data").mkdir()
    subprocess.run([chain_tool, "create", str(node / "data" / "blockchain.db"), "--blocks", "20", "--network", "mainnet"],
                   check=True, stdout=subprocess.DEVNULL)
    policy = 'network = "mainnet"\npause_threshold = 2\nresume_threshold = 2\nlongest_pause_hours = 6\n' + blocks
    for home in (*homes.values(), node):
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "emergency-policy.toml").write_text(policy)

    own_policy = node / "config" / "emergency-policy.toml"
    own_policy.write_text(policy.replace('"mainnet"', '"testnet"'))
    other = run(node, "network", "pause")
    check("a policy of another network is told", other.returncode == 2 and b"for the network 'testnet'" in other.stderr
          and b"mainnet" in other.stderr, other)
    own_policy.write_text("garbage [[")
    unreadable = run(node, "--json", "network", "status")
    check("status tells of a policy that cannot be read", unreadable.returncode == 3
          and "no order can be obeyed" in result(unreadable)["problems"][0], unreadable)
    own_policy.write_text(policy)

    # The order is made where the chain is, and travels.
    order = folder / "pause.json"
    done = run(node, "--json", "network", "order", "create", "--pause", "--for", "4h", "--reason", "fork at 120345",
               "--incident", "INC-7", "-o", str(order))
    check("an order is made on the node", done.returncode == 0 and result(done)["sequence"] == 1, done)
    made = result(done)
    genesis = made["genesis_hash"]
    check("it names the chain", re.fullmatch("[0-9a-f]{64}", genesis) is not None)
    check("a file is not overwritten", run(node, "network", "order", "create", "--pause", "-o", str(order)).returncode == 1)
    check("a longer pause than the policy's is refused", run(node, "network", "order", "create", "--pause", "--for", "7h",
                                                              "-o", str(folder / "x")).returncode == 2)
    check("what is not paused cannot be resumed", run(node, "network", "order", "create", "--resume", "-o",
                                                       str(folder / "x")).returncode == 1)
    check("one thing is ordered", run(node, "network", "order", "create", "--pause", "--resume").returncode == 2)
    shown = run(node, "--json", "network", "order", "show", str(order))
    check("unsigned it does not count", shown.returncode == 3 and result(shown)["missing"] == 2
          and result(shown)["may_sign"] == ["alice", "bob", "carol"], shown)

    before = order.read_bytes()
    wrong = run(homes["alice"], "network", "order", "sign", str(order), "--yes",
                BT2C_SIGNER_PASSWORD_FILE=str(secrets / "wrong"))
    check("a wrong password is told", wrong.returncode == 5, wrong)
    check("unasked nothing is signed", as_member("alice", "network", "order", "sign", str(order)).returncode == 2)
    unknown = as_member("alice", "network", "order", "sign", str(order), "--as", "mallory", "--yes")
    check("who has no key here is told", unknown.returncode == 2 and b"alice" in unknown.stderr, unknown)
    (folder / "mallory").mkdir()
    spoiler = run(folder / "mallory", "--json", "network", "signer", "create", "mallory",
               BT2C_SIGNER_PASSWORD_FILE=str(secrets / "alice"))
    stranger = run(homes["alice"], "network", "order", "sign", str(order), "--yes", "--key", result(spoiler)["file"],
                   BT2C_SIGNER_PASSWORD_FILE=str(secrets / "alice"))
    check("a stranger's key spoils no order", stranger.returncode == 5 and b"no member" in stranger.stderr, stranger)
    check("the order is as it was", order.read_bytes() == before)

    done = as_member("alice", "--json", "network", "order", "sign", str(order), "--yes")
    check("alice signs", done.returncode == 0 and result(done)["missing"] == 1, done)
    twice = as_member("alice", "network", "order", "sign", str(order), "--yes")
    check("but not twice", twice.returncode == 1 and b"already" in twice.stderr, twice)
    shown = run(homes["bob"], "--json", "network", "order", "show", str(order))
    check("one signature is missing", shown.returncode == 3 and result(shown)["missing"] == 1
          and result(shown)["may_sign"] == ["bob", "carol"], shown)
    with_one = order.read_bytes()

    done = run(homes["carol"], "--json", "network", "order", "sign", str(order), "--yes", "--module", module,
               "--pin-file", str(secrets / "pin"))
    check("carol signs with her token", done.returncode == 0 and result(done)["missing"] == 0, done)
    for home in (node, *homes.values()):
        shown = run(home, "--json", "network", "order", "show", str(order))
        check("the order counts", shown.returncode == 0 and result(shown)["valid"] is True, shown)
    text = run(node, "network", "order", "show", str(order))
    check("people can read it", b"PAUSE the network mainnet until" in text.stdout and b"It counts." in text.stdout, text)
    wrong = run(homes["carol"], "network", "order", "sign", str(order), "--yes", "--module", module)
    check("carol has signed it already", wrong.returncode == 1, wrong)

    # On a terminal: shown, asked, and the password unseen.
    order.write_bytes(with_one)

    def at_terminal(*arguments, answers):
        """Types each answer when it is asked for, or calls it; (status, screen)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(program, [program, *arguments], environment)
        screen, answers = b"", list(answers)
        try:
            while piece := os.read(terminal, 4096):
                screen += piece
                if screen.endswith(b": ") and answers:
                    answer = answers.pop(0)
                    os.write(terminal, (answer if isinstance(answer, str) else answer()).encode() + b"\n")
        except OSError:
            pass  # how a terminal tells that its program has ended
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen

    arguments = ("--home", str(homes["bob"]), "network", "order", "sign", str(order))
    status, screen = at_terminal(*arguments, answers=["no"])
    check("who does not want to does not sign", status == 1 and order.read_bytes() == with_one)
    check("what is ordered is shown first", b"PAUSE the network mainnet until" in screen and b"fork at 120345" in screen)
    def replaced():
        order.write_text(with_one.decode().replace("fork at 120345", "fork at 120346"))
        return passwords["bob"]

    status, screen = at_terminal(*arguments, answers=["sign", replaced])
    check("what was not shown is not signed", status == 1 and b"replaced by another order" in screen)
    order.write_bytes(with_one)
    status, screen = at_terminal(*arguments, answers=["sign", passwords["bob"]])
    check(f"bob signs on a terminal: {screen.decode()}", status == 0
          and run(node, "network", "order", "show", str(order)).returncode == 0)
    check("his password is not seen", passwords["bob"].encode() not in screen)

    # Changed on its way.
    good = order.read_text()
    tampered = folder / "tampered.json"
    for what, text in {"a longer pause": good.replace(made["pause_until"], "2999-01-01T00:00:00Z"),
                       "another reason": good.replace("fork at 120345", "fork at 120346"),
                       "another number": good.replace('"sequence":1,', '"sequence":2,')}.items():
        check(f"{what} is a change", text != good)
        tampered.write_text(text)
        shown = run(node, "--json", "network", "order", "show", str(tampered))
        check(f"{what} is seen", shown.returncode == 5 and result(shown)["valid"] is False, shown)
    tampered.write_text(good.replace('"version":1', '"version":1,"version":1'))
    shown = run(node, "network", "order", "show", str(tampered))
    check("another form is no order", shown.returncode == 1 and b"one form" in shown.stderr, shown)
    tampered.write_bytes(b"{" * 100000)
    check("an endless file is no order", run(node, "network", "order", "show", str(tampered)).returncode == 1)

    # A member that was removed.
    (node / "config" / "emergency-policy.toml").write_text(
        'network = "mainnet"\nresume_threshold = 1\n' + "[[member]]" + blocks.split("[[member]]")[2])
    shown = run(node, "--json", "network", "order", "show", str(order))
    check("a removed member's signature is told", shown.returncode == 3 and "'alice' is no member" in
          result(shown)["problem"], shown)
    (node / "config" / "emergency-policy.toml").write_text("network = 7\n")
    broken = run(node, "network", "order", "show", str(order))
    check("a broken policy is told", broken.returncode == 2 and b"emergency-policy.toml line 1" in broken.stderr, broken)

    # Without a policy the signatures are looked at, and no more.
    (node / "config" / "emergency-policy.toml").unlink()
    shown = run(node, "--json", "network", "order", "show", str(order))
    check("without a policy nothing counts", shown.returncode == 3 and result(shown)["signatures"][0]["worth"] == "verifies",
          shown)

    # The log of each home.
    log = homes["alice"] / "network" / "audit.jsonl"
    for number in range(2, 5):
        path = folder / f"order-{number}.json"
        run(homes["alice"], "network", "order", "create", "--pause", "--genesis", genesis, "--sequence", str(number), "-o",
            str(path))
        check("alice signs", as_member("alice", "network", "order", "sign", str(path), "--yes").returncode == 0)
    listed = result(run(homes["alice"], "--json", "network", "audit", "--limit", "2"))["entries"]
    check("the log is listed", [entry["sequence"] for entry in listed] == [3, 4]
          and all(entry["event"] == "order_signed" and entry["actor"] == "alice" for entry in listed))
    verified = run(homes["alice"], "--json", "network", "audit", "--verify")
    check("the log is sound", verified.returncode == 0 and result(verified)["entries"] == 4
          and result(verified)["last_hash"] == listed[1]["hash"], verified)
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([lines[0], lines[1].replace("alice", "alise"), *lines[2:]]))
    verified = run(homes["alice"], "network", "audit", "--verify")
    check("an edit is named", verified.returncode == 3 and b"line 2 was changed" in verified.stdout, verified)
    log.write_text("".join([lines[0], *lines[2:]]))
    verified = run(homes["alice"], "network", "audit", "--verify")
    check("a removed line is named", verified.returncode == 3 and b"line 2 is entry 3, but 2 should" in verified.stdout,
          verified)
    log.write_text("".join(lines)[:-20])
    verified = run(homes["alice"], "--json", "network", "audit", "--verify")
    check("a torn end is no damage", verified.returncode == 0 and result(verified)["torn"] is True, verified)
    check("a home without a log is sound", run(node, "network", "audit", "--verify").returncode == 0)

    # Neither files nor what was told hold a secret.
    for path in folder.rglob("*"):
        if path.is_file() and secrets not in path.parents and folder / "tokens" not in path.parents:
            seen.append(path.read_bytes())
    for secret in (*passwords.values(), pin):
        check("no secret is left anywhere", not any(secret.encode() in text for text in seen))

finish()
