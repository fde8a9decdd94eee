"""Keys on a hardware token, in sessions of the real program with SoftHSM2.

usage: tokens.py PROGRAM
"""

import base64
import json
import os
import pathlib
import pty
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

from checks import check, finish

program = sys.argv[1]
sample_chain = str(pathlib.Path(program).with_name("bt2c-sample-chain"))
module = "/usr/lib/softhsm/libsofthsm2.so"
phrase = "offer salon river hole elegant crowd come together orange horror slogan real"
address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu"
password = "a password of the test"
pin = "730195826403"
wrong_pin = "846201937555"

if not (os.path.exists(module) and shutil.which("softhsm2-util") and shutil.which("openssl")):
    print("SoftHSM2 or openssl is not installed")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def secrets_in(data):
    words = phrase.split()
    pieces = [" ".join(words[i : i + 3]) for i in range(len(words) - 2)] + [password, pin, wrong_pin]
    return [piece for piece in pieces if piece.encode() in data]


with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as secret_name:
    folder = pathlib.Path(name)
    # Secrets that an operator keeps in files lie outside of the folder that is searched for them.
    secret_folder = pathlib.Path(secret_name)
    home = folder / "node"
    (home / "data").mkdir(parents=True)
    (home / "config").mkdir()
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BT2C_")}
    environment.update(BT2C_HOME=str(home), SOFTHSM2_CONF=str(folder / "softhsm2.conf"), BT2C_WALLET_PASSWORD=password)
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "validator", "--pin", pin, "--so-pin", "1234567"],
                   env=environment, check=True, stdout=subprocess.DEVNULL)
    (secret_folder / "pin").write_text(pin + "\n")
    (secret_folder / "wrong").write_text(wrong_pin + "\n")
    seen = []
    command_lines = set()
    over = threading.Event()

    def watch_processes():
        while not over.is_set():
            for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    command_lines.add(entry.read_bytes())
                except OSError:
                    pass
            over.wait(0.01)

    def run(*arguments, text="", **more):
        ended = subprocess.run([program, *arguments], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**environment, **more}, timeout=120, start_new_session=True)
        seen.append(ended.stdout + ended.stderr)
        return ended

    def token(*arguments, pin_file="pin", **more):
        return run("keys", "token", *arguments, "--module", module, "--pin-file", str(secret_folder / pin_file), **more)

    def at_terminal(*arguments, answers):
        """Runs it on a terminal of its own, and types each answer when it is asked for; (status, screen)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(program, [program, *arguments], environment)
        screen = b""
        answers = list(answers)
        try:
            while piece := os.read(terminal, 4096):
                screen += piece
                if screen.endswith(b": ") and answers:
                    os.write(terminal, answers.pop(0).encode() + b"\n")
        except OSError:
            pass  # how a terminal tells that its program has ended
        os.close(terminal)
        seen.append(screen)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen

    watcher = threading.Thread(target=watch_processes)
    watcher.start()
    try:
        # From the phrase to the token.
        done = run("--json", "recover-keys", "--seed-phrase", "-", text=phrase)
        wallet = json.loads(done.stdout)["wallet_file"]
        public_key = folder / "public.pem"
        public_key.write_text("-----BEGIN PUBLIC KEY-----\n" + json.loads(done.stdout)["public_key"]
                              + "\n-----END PUBLIC KEY-----\n")
        empty = run("keys", "token", "list", "--module", module)
        check("a token is listed without a PIN", empty.returncode == 0 and b"validator" in empty.stdout
              and b"not listed" in empty.stdout, empty)
        done = token("import", "--wallet", wallet)
        check("the key goes in", done.returncode == 0 and address.encode() in done.stdout, done)
        again = token("import", "--seed-phrase", "-", text=phrase)
        check("it never goes in twice", again.returncode == 1 and b"already" in again.stderr, again)
        listed = json.loads(token("list", "--json").stdout)["tokens"][0]
        key = listed["keys"][0]
        check("the token keeps it", len(listed["keys"]) == 1 and key["address"] == address and key["sensitive"]
              and not key["extractable"] and key["signs"] and not key["decrypts"])

        # Signatures that another program verifies.
        message = folder / "message"
        message.write_bytes(os.urandom(3_000_000))
        done = token("sign", str(message), "--key", address)
        signature = folder / "message.sig"
        signature.write_bytes(base64.b64decode(done.stdout))
        verify = ["openssl", "dgst", "-sha256", "-verify", str(public_key), "-signature"]
        check("openssl verifies the signature",
              subprocess.run([*verify, str(signature), str(message)], capture_output=True).returncode == 0, done)
        done = token("--json", "sign", "-", "--output", str(folder / "input.sig"), text="a text")
        (folder / "text").write_text("a text")
        check("and that of standard input", done.returncode == 0 and subprocess.run(
            [*verify, str(folder / "input.sig"), str(folder / "text")], capture_output=True).returncode == 0, done)
        taken = token("sign", str(message), "--output", str(folder / "input.sig"))
        check("a file is never overwritten", taken.returncode == 1, taken)

        status, screen = at_terminal("keys", "token", "sign", str(message), "--module", module, answers=[pin])
        check(f"the PIN is asked for: {screen}", status == 0 and b"PIN of the token 'validator': " in screen)
        status, screen = at_terminal("keys", "token", "list", "--login", "--module", module, answers=[wrong_pin])
        check(f"a wrong one is told: {screen}", status == 5)
        status, screen = at_terminal("keys", "token", "list", "--login", "--module", module, answers=[pin])
        check(f"then there is a warning: {screen}", status == 0 and b"a wrong PIN was given" in screen)

        # What can be wrong.
        wrong = token("sign", str(message), pin_file="wrong")
        check("a wrong PIN is 5", wrong.returncode == 5 and b"PIN is wrong" in wrong.stderr, wrong)
        check("the right one still works", token("sign", str(message)).returncode == 0)
        nobody = run("keys", "token", "sign", str(message), "--module", module)
        check("without PIN and terminal it is 2", nobody.returncode == 2, nobody)
        missing = run("keys", "token", "list", "--module", str(folder / "none.so"))
        check("a missing module is 1", missing.returncode == 1 and b"is not there" in missing.stderr, missing)
        no_module = run("--json", "keys", "token", "list", "--module", str(message))
        check("one that is none is 1", no_module.returncode == 1
              and json.loads(no_module.stdout)["error"]["kind"] == "failed", no_module)
        check("without any it is 2", run("keys", "token", "list").returncode == 2)
        other = token("sign", str(message), "--token", "another")
        check("another token is 1, and those there are named", other.returncode == 1 and b"'validator'" in other.stderr, other)

        # A repository that the token opens.
        subprocess.run([sample_chain, "create", str(home / "data/blockchain.db"), "--blocks", "30", "--seed", "1"], check=True,
                       env=environment, stdout=subprocess.DEVNULL)
        check("a backup is made", run("--quiet", "backup").returncode == 0)
        # One whose key is gone again is in nobody's way.
        run("repository", "key", "add", "--token-key", "--module", module, "--pin-file", str(secret_folder / "pin"))
        stale = next(key for key in json.loads(token("list", "--json").stdout)["tokens"][0]["keys"] if key["decrypts"])
        check("its key is removed by its label", token("remove", "--force", "--key", stale["label"]).returncode == 0)
        added = run("repository", "key", "add", "--token-key", "--module", module, "--pin-file", str(secret_folder / "pin"))
        check("the token becomes a key of the repository", added.returncode == 0, added)
        (home / "config/repository.key").rename(secret_folder / "repository.key")
        closed = run("list-backups")
        check("without key file and module it is closed", closed.returncode == 5, closed)
        (home / "config/dr.toml").write_text(f'[token]\nmodule = "{module}"\nlabel = "validator"\n'
                                             f'pin_file = "{secret_folder / "pin"}"\n')
        opened = run("--json", "list-backups")
        slots = json.loads(run("--json", "repository", "key", "list").stdout)["slots"]
        check("both slots are there", len([slot for slot in slots if slot["kind"] == "token"]) == 2)
        check("the token opens it", opened.returncode == 0 and len(json.loads(opened.stdout)["backups"]) == 1, opened)
        restored = run("--json", "restore", "--backup", "latest", "--only", "database")
        check("a backup is restored by the token", restored.returncode == 0, restored)
        wrong = run("list-backups", BT2C_TOKEN_PIN_FILE=str(secret_folder / "wrong"))
        check("a wrong PIN does not open it", wrong.returncode == 5, wrong)
        slot = max((slot for slot in slots if slot["kind"] == "token"), key=lambda slot: slot["created_at"])
        check("the slot names its token", slot["token"]["label"] == "validator")
        kept = run("repository", "key", "remove", slot["id"])
        check("what opened the repository is not removed", kept.returncode == 1, kept)
        (secret_folder / "repository.key").rename(home / "config/repository.key")
        removed = run("repository", "key", "remove", slot["id"])
        check("with another key it is, and the key on the token is told of",
              removed.returncode == 0 and b"still on the token" in removed.stdout, removed)
        check("two keys are on the token", len(json.loads(token("list", "--json").stdout)["tokens"][0]["keys"]) == 2)

        # A rotation that the key on the token signs.
        node = folder / "rotated"
        shutil.copytree(home, node)
        with sqlite3.connect(node / "data/blockchain.db") as database:
            database.execute("UPDATE validators SET address = ? WHERE status = 'JAILED'", (address,))
        database.close()
        rotated = run("--home", str(node), "--json", "keys", "rotate", "--token-key", "--phrase-file",
                      str(secret_folder / "new phrase"), BT2C_NEW_WALLET_PASSWORD="another password of the test")
        check("a key in a token is rotated", rotated.returncode == 0 and
              json.loads(rotated.stdout)["old_address"] == address, rotated)
        check("its record holds on another node", rotated.returncode != 0 or run(
            "--home", str(node), "keys", "rotate", "--apply", json.loads(rotated.stdout)["record_file"]).returncode == 0)

        # Away with it.
        asked = token("remove", "--key", address)
        check("a key is not destroyed unasked", asked.returncode == 2, asked)
        remove = ("keys", "token", "remove", "--key", address, "--module", module)
        status, screen = at_terminal(*remove, answers=["yes"])
        check(f"nor when something else is typed: {screen}", status == 1 and b"about to be destroyed" in screen)
        gone = token("remove", "--key", address, "--force")
        check("it is when forced", gone.returncode == 0 and b"gone for good" in gone.stdout, gone)
        check("then it does not sign", token("sign", str(message), "--key", address).returncode == 1)

        # A tombstoned validator's key.
        with sqlite3.connect(home / "data/blockchain.db") as database:
            database.execute("UPDATE validators SET address = ?, status = 'TOMBSTONED' WHERE rowid = "
                             "(SELECT max(rowid) FROM validators)", (address,))
        database.close()
        banned = token("import", "--wallet", wallet)
        check("a tombstoned key is refused", banned.returncode == 1 and b"TOMBSTONED" in banned.stderr, banned)
        check("so it is without a reason", token("import", "--wallet", wallet, "--force").returncode == 1)
        forced = token("import", "--wallet", wallet, "--force", "--reason", "its funds are moved")
        check("with one it is taken", forced.returncode == 0 and b"warning" in forced.stdout, forced)
        status, screen = at_terminal(*remove, answers=["destroy"])  # the PIN is in the file that dr.toml names
        check(f"a key is destroyed when that is wanted: {screen}", status == 0 and b"is removed" in screen)
    finally:
        over.set()
        watcher.join()

    check("no output tells a secret", not any(secrets_in(output) for output in seen))
    # Other tests may run beside this one, and hand phrases over as they like.
    own_lines = [line for line in command_lines if b"\0token\0" in line]
    check("no process list does", own_lines and not any(secrets_in(line) for line in own_lines))
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_relative_to(folder / "tokens"):
            check(f"{file} holds no secret", not secrets_in(file.read_bytes()))
    for file in (folder / "tokens").rglob("*"):
        if file.is_file():
            check("the token's files hold no PIN", not secrets_in(file.read_bytes()))

finish()
