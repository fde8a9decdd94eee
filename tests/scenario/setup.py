"""[A1] [B6] [I2] A set-up from nothing, on a terminal and by a script, and what doctor finds, with the real program.

usage: setup.py PROGRAM CHAIN_TOOL
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
import socket
import subprocess
import sys
import tempfile
import time

from checks import check, finish

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])


class Terminal:
    """The program with a person at its terminal."""

    def __init__(self, arguments, environment, session="own"):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if session == "another":  # as under 'su - USER -c', which keeps the terminal to itself
                if os.fork():
                    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
                os.setsid()
            os.execve(program, [program, *arguments], environment)
        self.seen, self.at = "", 0

    def read(self):
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # how Linux says that the other end is closed
            data = b""
        self.seen += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def expect(self, text, seconds=60):
        deadline = time.monotonic() + seconds
        while text not in self.seen[self.at:]:
            ready = select.select([self.fd], [], [], 0.2)[0]
            if (ready and not self.read()) or time.monotonic() > deadline:
                raise RuntimeError(f"'{text}' did not come:\n{self.seen}")
        self.at = self.seen.index(text, self.at) + len(text)

    def answer(self, question, text):
        self.expect(question)
        self.expect(": ")
        os.write(self.fd, (text + "\n").encode())

    def words(self):
        """Those that are shown; the last 24."""
        self.expect("asked back")
        lines = [line.split() for line in self.seen.split("\n") if line.startswith("   ")]
        return [word for line in lines[-4:] for word in line]

    def answer_words(self, answer, count=3):
        for _ in range(count):
            self.expect("\nWord ")
            self.expect(" of what")
            number = int(re.findall(r"Word (\d+) of what", self.seen[:self.at + 5])[-1])
            self.answer("is on the paper", answer(number))

    def end(self):
        while self.read():
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        return self.end()


def tree(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns,
                                                path.read_bytes() if path.is_file() else None)
    return found


def holds(folder, words):
    """Files in which two of the words stand side by side."""
    pairs = [" ".join(words[i:i + 2]).encode() for i in range(len(words) - 1)]
    return [file for file in folder.rglob("*") if file.is_file() and any(pair in file.read_bytes() for pair in pairs)]


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("BT2C_", "XDG_", "JOURNAL_", "AWS_", "SSH_"))}
    environment |= {"HOME": str(folder / "user"), "TERM": "dumb"}
    (folder / "user").mkdir()
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
    (folder / "a file").write_text("")

    def new_home(name):
        home = folder / name
        for part in ("data", "keys"):
            (home / part).mkdir(parents=True)
        subprocess.run([chain_tool, "create", str(home / "data" / "blockchain.db"), "--blocks", "50",
                        "--network", "mainnet"], check=True, stdout=subprocess.DEVNULL)
        return home

    def run(home, *arguments, text="", **more):
        return subprocess.run([program, "--home", str(home), *arguments], input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environment, **more}, timeout=200)

    def doctor(home, *arguments, **more):
        ended = run(home, "--json", "doctor", *arguments, **more)
        document = json.loads(ended.stdout)
        found = [one for one in document["checks"] if one["status"] in ("finding", "unknown")]
        check("doctor's exit status is what it found",
              ended.returncode == (3 if found else 0) and document["ok"] == (not found)
              and document["findings"] == len(found), ended)
        for one in document["checks"]:
            check(f"a check is whole: {one}", set(one) == {"name", "subject", "status", "detail", "mend"} and one["detail"])
        return found

    def found_in(findings, name, subject=None):
        return [one for one in findings if one["name"] == name and (subject is None or one["subject"] == subject)]

    def mend(one, **more):
        """Runs what doctor says, as it stands there."""
        ended = subprocess.run(["sh", "-c", one["mend"].replace("bt2c-dr ", f"'{program}' ")], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environment, **more}, timeout=200)
        check(f"'{one['mend']}' runs", ended.returncode == 0, ended)

    # Without a terminal nobody can be asked; without a home nothing is made.
    done = run(folder / "nowhere", "init")
    check("no terminal", done.returncode == 2 and b"--non-interactive" in done.stderr, done)
    done = run(folder / "nowhere", "init", "--non-interactive")
    check("no home", done.returncode == 1 and b"--make-home" in done.stderr and not (folder / "nowhere").exists(), done)
    check("doctor says so too", found_in(doctor(folder / "nowhere"), "home"))

    # --- What cannot be is said before anything is made.
    early = new_home("early")
    for options in (["--full", "25:00"], ["--incremental-minutes", "7"], ["--phrase-file", str(early / "config" / "words")],
                    ["--location", f"name=a,kind=folder,path={early}/config/copies"], ["--repository", str(early / "data")]):
        done = run(early, "init", "--non-interactive", "--schedule", "none", *options)
        check(f"{options} is refused", done.returncode == 2 and not any((early / "config").glob("*"))
              and not list(early.rglob("format")), done)

    # Nor is the phrase written where the backups go, by whatever name.
    (folder / "way").symlink_to(folder / "copies")
    for make, options in ((lambda: None, ["--phrase-file", f"{folder}/copies/words"]),
                          ((folder / "copies").mkdir, ["--phrase-file", f"{folder}/way/words"])):
        make()
        for place in (["--location", f"name=a,kind=folder,path={folder}/copies"], ["--repository", str(folder / "copies")]):
            done = run(early, "init", "--non-interactive", "--schedule", "none", *options, *place)
            check(f"{options} is refused beside {place}", done.returncode == 2 and b"recovery phrase is not written" in done.stderr
                  and not any((early / "config").glob("*")) and not list(folder.rglob("format")), done)
    done = run(early, "init", "--non-interactive", "--schedule", "none", "--location", f"name=a,kind=folder,path={folder}/copies")
    check("a location", done.returncode == 0, done)
    done = run(early, "init", "--non-interactive", "--schedule", "none", "--phrase-file", f"{folder}/way/words")
    check("of dr.toml too", done.returncode == 2 and b"location 'a'" in done.stderr, done)
    shutil.rmtree(folder / "copies")
    (folder / "way").unlink()
    shutil.rmtree(early)

    # What root makes for somebody else's home is theirs.
    if os.geteuid() == 0:
        nobodys, new = new_home("nobodys"), folder / "new"
        for path in (nobodys, *nobodys.rglob("*")):
            os.chown(path, 65534, 65534)
        done = run(nobodys, "init", "--non-interactive", "--schedule", "none", "--phrase-file", f"{folder}/nobodys-words",
                   "--repository", f"{new}/store", "--location", f"name=b,kind=folder,path={new}/deep/b", "--first-backup")
        made = {path: path.stat().st_uid for path in (new, *new.rglob("*"), *nobodys.rglob("*"))}
        check(f"all is its owner's: {made}", done.returncode == 0 and new / "deep" / "b" / "format" in made
              and set(made.values()) == {65534}, done)
        check("doctor too", not found_in(doctor(nobodys), "file_modes"))
        os.chown(new / "deep" / "b", 0, 0)
        found = found_in(doctor(nobodys), "file_modes", str(new / "deep" / "b"))
        check(f"a location of another owner: {found}", len(found) == 1)
        mend(found[0])
        check("is mended", not found_in(doctor(nobodys), "file_modes"))
        (nobodys / "config" / "repository.key").chmod(0)
        found = found_in(doctor(nobodys), "file_modes")
        check(f"a key that its owner may not read: {found}", len(found) == 1 and found[0]["subject"].endswith("repository.key"))
        mend(found[0])
        check("is mended too", not found_in(doctor(nobodys), "file_modes"))
        shutil.rmtree(new)

    # --- On a terminal, with wrong answers.
    home = new_home("node")
    findings = doctor(home)
    check("a home without anything", found_in(findings, "repository") and found_in(findings, "schedule"))
    check("the mending command is init", " init" in found_in(findings, "repository")[0]["mend"])

    def guided(*arguments, until):
        terminal = Terminal(["init", "--schedule", "agent", *arguments], environment)
        terminal.answer("Home of the node", str(folder / "typo"))
        terminal.answer("Make it", "perhaps")
        terminal.expect("please answer yes or no")
        terminal.answer("Make it", "no")
        terminal.answer("Home of the node", str(home))
        terminal.expect("mainnet at height 49")
        if until == "home":
            return terminal
        terminal.answer("Folder for backups", "y")
        terminal.expect("'y' is no folder")
        terminal.answer("Folder for backups", str(folder / "a file" / "x"))
        terminal.expect("That will not do")
        terminal.answer("Folder for backups", "")
        terminal.answer("One more", "tape")
        terminal.expect("please answer")
        terminal.answer("One more", "folder")
        terminal.answer("A name", "two words")
        terminal.expect("That will not do")
        terminal.answer("A name", "usb")
        terminal.answer("The folder", "")
        terminal.expect("it cannot be left out")
        terminal.answer("The folder", "no")
        terminal.expect("'no' is no folder")
        terminal.answer("The folder", str(folder / "a file"))
        terminal.answer("away from this site", "perhaps")
        terminal.expect("'location.offsite' must be")
        terminal.answer("away from this site", "true")
        terminal.expect("That will not do")  # it was tried
        terminal.answer("Answer again", "")
        terminal.answer("A name", "")
        terminal.answer("The folder", str(folder / "usb"))
        terminal.answer("away from this site", "")
        terminal.expect("written, read back and listed")
        terminal.answer("local, usb. One more", "sftp")
        terminal.answer("A name", "far")
        terminal.answer("Host", "127.0.0.1")
        terminal.answer("Port", "port")
        terminal.expect("'location.port' must be")
        terminal.answer("Port", "1")
        terminal.answer("User", "")
        terminal.answer("Folder there", "")
        terminal.answer("SSH key", "")
        terminal.expect("cannot connect")
        terminal.answer("Answer again", "no")
        terminal.answer("local, usb. One more", "")
        return terminal

    # Killed here and there, it is ended by a second run, which does not ask again for what is done.
    guided(until="home").kill()
    terminal = guided(until="places")
    terminal.answer("Key file or password", "neither")
    terminal.expect("please answer")
    terminal.answer("Key file or password", "file")
    shown_first = terminal.words()
    terminal.kill()
    check("what was answered is kept", 'name = "usb"' in (home / "config" / "dr.toml").read_text())
    check("no repository without its phrase on paper", not (home / "backups" / "repository" / "format").exists())
    check("and no key", not (home / "config" / "repository.key").exists())

    terminal = Terminal(["--home", str(home), "init", "--schedule", "agent"], environment)
    terminal.answer("Folder for backups", "")
    terminal.answer("local, usb. One more", "no")
    terminal.answer("Key file or password", "")
    words = terminal.words()
    check("24 other words", len(words) == 24 and words != shown_first)
    terminal.answer_words(lambda number: "zebra")
    terminal.expect("Look at the paper again")
    terminal.answer_words(lambda number: f"\t{words[number - 1].upper()}  ")  # as it may stand on paper
    terminal.expect("asked back (done)")
    terminal.answer("Full backups at", "25:00")
    terminal.expect("must be a time in UTC")
    terminal.answer("Full backups at", "01:30")
    terminal.answer("Minutes", "7")
    terminal.expect("That will not do")
    terminal.answer("Minutes", "30")
    terminal.answer("Make the first backup now", "")
    terminal.expect("is stored")
    check("it is done", terminal.end() == 0)
    check("it ends with what doctor says", "What doctor says:" in terminal.seen and "restore_test_age" in terminal.seen
          and "found something" in terminal.seen)
    check("the words are in no file", not holds(folder, words) and not holds(folder, shown_first))
    settings = (home / "config" / "dr.toml").read_text()
    check("the settings", all(line in settings for line in ('full = "01:30"', "incremental_minutes = 30", "offsite = true")))
    record = json.loads((home / "config" / "recovery-phrase-confirmed.json").read_text())
    check("the confirmation is dated", record["confirmed_at"].startswith("20") and set(record) == {"repository", "slot", "confirmed_at"})
    check("and nobody else's business", (home / "config" / "recovery-phrase-confirmed.json").stat().st_mode & 0o777 == 0o600)

    # Again: nothing changes.
    before = tree(home), tree(folder / "usb")
    terminal = Terminal(["--home", str(home), "init"], environment)
    terminal.answer("local, usb. One more", "")
    check("a second run changes nothing, and says so", terminal.end() == 0 and "Nothing had to be changed" in terminal.seen
          and (tree(home), tree(folder / "usb")) == before)
    terminal = Terminal(["--home", str(home), "init"], environment, session="another")
    terminal.answer("local, usb. One more", "")
    check("nor one on a terminal that is another session's", terminal.end() == 0 and "Nothing had to be changed" in terminal.seen)
    terminal = Terminal(["--home", str(home), "init"], environment)
    terminal.expect("One more")
    os.write(terminal.fd, b"\x03")
    check("Ctrl-C says where it stands", terminal.end() == 130 and "it goes on from there" in terminal.seen)

    # --- By a script: additions beside what an operator wrote.
    commented = "# by hand\n[schedule] # ours\nverify = \"05:00\"   # early\n\n[backup]\ncompression_level = 2 # small\n"
    scripted = new_home("scripted")
    (scripted / "config").mkdir()
    (scripted / "config" / "dr.toml").write_text(commented)
    answers = folder / "answers"
    answers.write_text(f"# a node\nnon-interactive\nrepository = {folder}/store\nlocation = name=b,kind=folder,path={folder}/b\n"
                       f"location = name=c,kind=folder,path={folder}/c,offsite=true\nfull = 04:00\nschedule = agent\n"
                       f"phrase-file = {folder}/words\nfirst-backup\n")
    done = run(scripted, "--json", "init", "--answers", str(answers))
    document = json.loads(done.stdout)
    check("by a script", done.returncode == 0 and document["changed"] is True
          and {step["name"]: step["status"] for step in document["steps"]}["recovery phrase"] == "left", done)
    lines = (scripted / "config" / "dr.toml").read_text().splitlines()
    check("what the operator wrote is there, in its order",
          [line for line in lines if line in commented.splitlines() and line] == [line for line in commented.splitlines() if line])
    before = tree(folder / "scripted"), tree(folder / "b"), tree(folder / "store")
    done = run(scripted, "--json", "init", "--answers", str(answers))
    check("again: nothing", done.returncode == 0 and json.loads(done.stdout)["changed"] is False
          and (tree(folder / "scripted"), tree(folder / "b"), tree(folder / "store")) == before, done)
    done = run(scripted, "--json", "init", "--answers", "-", text=answers.read_text())
    check("the same from standard input", done.returncode == 0 and json.loads(done.stdout)["changed"] is False, done)
    done = run(scripted, "init", "--answers", "-", text="# long\n" * 10_000)
    check("a flood of answers", done.returncode == 1 and b"longer than 65536 bytes" in done.stderr, done)
    done = subprocess.run(["bash", "-c", '"$0" --home "$1" --json init --answers <(cat "$2")', program, str(scripted), str(answers)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, timeout=200)
    check("the same from a pipe by name", done.returncode == 0 and json.loads(done.stdout)["changed"] is False, done)
    text = (scripted / "config" / "dr.toml").read_text()
    done = run(scripted, "init", "--non-interactive", "--repository", str(folder / "elsewhere"))
    check("what stands there otherwise is refused, with the line", done.returncode == 1
          and f'repository = "{folder}/elsewhere"'.encode() in done.stderr
          and (scripted / "config" / "dr.toml").read_text() == text, done)
    done = run(scripted, "init", "--non-interactive", "--location", f"name=b,kind=folder,path={folder}/other")
    check("a location of that name", done.returncode == 1 and b"stands in dr.toml" in done.stderr, done)
    done = run(scripted, "init", "--non-interactive", "--location", f"name=d,kind=folder,path={home}/backups/repository")
    check("another node's repository", done.returncode == 1 and b"another repository" in done.stderr
          and "name = \"d\"" not in (scripted / "config" / "dr.toml").read_text(), done)
    (folder / "answers").write_text("first-bakup\n")
    check("a wrong answer is named", b"line 1" in run(scripted, "init", "--answers", str(answers)).stderr)

    # Folders are those of the folder in which the command is called.
    near = new_home("near")
    for changed in (True, False):
        done = subprocess.run([program, "--home", str(near), "--json", "init", "--non-interactive", "--schedule", "none",
                               "--repository", "near-store", "--location", "name=b,path=./near-b,kind=folder"],
                              cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200)
        document = json.loads(done.stdout)
        check("folders without a root", done.returncode == 0 and document["changed"] is changed
              and {"name": "repository folder", "status": "done" if changed else "already", "detail": f"{folder}/near-store"}
              in document["steps"] and (folder / "near-store" / "format").exists() and (folder / "near-b" / "format").exists()
              and f'path = "{folder}/near-b"' in (near / "config" / "dr.toml").read_text(), done)

    # A password that a script gives for the new repository opens it until the script ends.
    spoken, words_file = new_home("spoken"), folder / "spoken-words"
    new = {"BT2C_REPO_NEW_PASSWORD": "a new one"}
    options = ["init", "--non-interactive", "--password", "--schedule", "none", "--first-backup"]
    done = run(spoken, "--json", *options, "--phrase-file", str(words_file), **new)
    document = json.loads(done.stdout)
    check("the first backup and doctor open it", done.returncode == 0
          and not found_in([one for one in document["doctor"]["checks"] if one["status"] != "ok"], "repository")
          and {step["name"]: step["status"] for step in document["steps"]}["backup"] == "done", done)
    check("it is in no file", not [path for path in spoken.rglob("*") if path.is_file() and b"a new one" in path.read_bytes()])
    words_file.unlink()
    done = run(spoken, *options, "--phrase-file", str(words_file), **new)
    check("again, with the phrase carried away", done.returncode == 1 and b"without --phrase-file goes on" in done.stderr, done)
    done = run(spoken, "--json", *options, **new)
    check("and without it", done.returncode == 0 and json.loads(done.stdout)["changed"] is False, done)

    # Times alone are a change, told and made once; what dr.toml says otherwise is told by its line.
    key = {"BT2C_REPO_PASSWORD": "a new one"}
    options = ["--json", "init", "--non-interactive", "--schedule", "agent"]
    run(spoken, *options, **key)
    for changed in (True, False):
        done = run(spoken, *options, "--full", "Sat 05:00", "--verify", "off", **key)
        document = json.loads(done.stdout)
        check("times", done.returncode == 0 and document["changed"] is changed
              and [step["status"] for step in document["steps"] if step["name"] == "schedule times"] == ["done"] * changed, done)
    lines = (spoken / "config" / "dr.toml").read_text().splitlines()
    present = 'full = "Sat 05:00"'
    done = run(spoken, "init", "--non-interactive", "--full", "02:00", **key)
    check("other times", done.returncode == 1 and b"TOML" not in done.stderr and b"setup-automated-backups" in done.stderr
          and f"line {lines.index(present) + 1}: {present};".encode() in done.stderr
          and (spoken / "config" / "dr.toml").read_text().splitlines() == lines, done)

    # Killed at any instant, it can be ended.
    for turn in range(12):
        hit = new_home(f"hit{turn}")
        options = ["init", "--non-interactive", "--location", f"name=b,kind=folder,path={folder}/hit{turn}-b", "--schedule",
                   "agent", "--full", "03:00", "--phrase-file", str(folder / f"hit{turn}-words"), "--first-backup"]
        process = subprocess.Popen([program, "--home", str(hit), *options], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.25))
        process.kill()
        process.wait()
        done = run(hit, *options)
        check(f"killed and ended ({turn})", done.returncode == 0, done)
        confirmed = run(hit, "repository", "key", "confirm", "--recovery-phrase", "-",
                        text=(folder / f"hit{turn}-words").read_text())
        check(f"its words open it ({turn})", confirmed.returncode == 0, confirmed)
        wrong = [one for one in doctor(hit) if one["name"] not in ("locations", "offsite", "verify_age", "restore_test_age",
                                                                        "schedule")]  # no agent runs
        check(f"nothing else is wrong ({turn}): {wrong}", not wrong)

    # --- Doctor: all is well, once what it names is mended.
    home = scripted
    agent = subprocess.Popen([program, "--home", str(home), "agent"], env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        findings = doctor(home)
        phrase = found_in(findings, "recovery_phrase")
        check("the phrase is not confirmed", len(phrase) == 1 and "repository key confirm" in phrase[0]["mend"])
        wrong = run(home, "repository", "key", "confirm", "--recovery-phrase", "-", text=" ".join(words))
        check("another repository's phrase", wrong.returncode == 5 and found_in(doctor(home), "recovery_phrase"), wrong)
        wrong = run(home, "repository", "key", "confirm", "--recovery-phrase", "-", text="not words")
        check("no phrase", wrong.returncode == 5, wrong)
        done = run(home, "repository", "key", "confirm", "--recovery-phrase", "-", text=(folder / "words").read_text())
        check("it is confirmed", done.returncode == 0 and not found_in(doctor(home), "recovery_phrase"), done)
        alone = subprocess.run([program, "--home", str(home), "repository", "key", "confirm"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, timeout=200,
                               start_new_session=True)  # without a terminal
        check("how to give the phrase then", alone.returncode == 2 and b"'--recovery-phrase -'" in alone.stderr, alone)
        shares = folder / "shares"
        shares.mkdir()
        done = run(home, "keys", "split", "--threshold", "2", "--shares", "3", "--seed-phrase", "-", "--output", str(shares),
                   text=(folder / "words").read_text())
        check("shares of it", done.returncode == 0 and b"confirm --recovery-phrase -\n" in done.stdout, done)
        done = run(home, "keys", "combine", "--shares", ",".join(map(str, sorted(shares.iterdir())[1:])))
        done = run(home, "repository", "key", "confirm", "--recovery-phrase", "-", text=done.stdout.decode())
        check("are rehearsed as that tells", done.returncode == 0, done)
        shutil.rmtree(shares)
        (folder / "words").unlink()
        deadline = time.monotonic() + 60  # the agent may be at it
        while doctor(home) and time.monotonic() < deadline:
            for one in doctor(home):
                if one["name"] in ("verify_age", "restore_test_age"):
                    mend(one)
        check(f"all is well: {doctor(home)}", not doctor(home))
        done = run(home, "doctor")
        check("and that is one line", done.returncode == 0 and done.stdout.startswith(b"All is well: ")
              and done.stdout.count(b"\n") == 1 and not done.stderr, done)
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait()

    def provoked(what, name, subject, repair=mend):
        findings = doctor(home)
        one = found_in(findings, name, subject)
        check(f"{what}: {findings}", len(one) == 1)
        if one and repair:
            repair(one[0])
            check(f"{what}, mended: {doctor(home)}", not found_in(doctor(home), name, subject))
        return one[0] if one else {"mend": "", "detail": ""}

    config = home / "config"
    key_file = config / "repository.key"
    check("a sound key file is nothing to warn of", b"others may use" not in run(home, "list-backups").stderr)
    key_file.chmod(0o644)
    warned = run(home, "list-backups")
    check("whoever uses a key that others may use is warned", warned.returncode == 0
          and b"chmod 600" in warned.stderr and b"mode 644" in warned.stderr, warned)
    provoked("a key file that others read", "file_modes", str(key_file))
    (config / "dr.toml").chmod(0o666)
    provoked("settings that others change", "file_modes", str(config / "dr.toml"))
    (home / "keys" / "validator.pem").write_text("key")
    (home / "keys" / "validator.pem").chmod(0o640)
    provoked("a key that a group reads", "file_modes", str(home / "keys" / "validator.pem"))
    if os.geteuid() == 0:
        os.chown(key_file, 65534, 65534)
        provoked("another's file", "file_modes", str(key_file))
    odd = os.fsencode(home / "keys") + b"/\xff\xfe it's.pem"
    with open(odd, "wb"):
        os.chmod(odd, 0o644)
    provoked("a name that is no text", "file_modes", str(home / "keys") + "/\\xff\\xfe it's.pem",
             lambda one: subprocess.run(["bash", "-c", one["mend"]], check=True))
    os.remove(odd)

    jobs = home / "backups" / "jobs"

    def alter(job, **fields):
        record = json.loads((jobs / f"{job}.json").read_text())
        (jobs / f"{job}.json").write_text(json.dumps(record | fields))

    alter("verify", exit_status=3, message="a problem was found")
    provoked("a job that failed", "job", "verify")
    alter("verify", last_ok="2026-01-01T00:00:00Z")
    provoked("a verification long ago", "verify_age", None)
    alter("verify", exit_status=3, last_ok=None, message="problems were found: supply: too much")
    one = provoked("a verification that found something", "verify_age", None)
    check("none has succeeded", "no successful verification" in one["detail"])
    full = {"name": "full", "exit_status": 6, "message": "full backup 12345678 is stored, 9 KiB; prune: cannot prune: no"}
    kept = (jobs / "full.json").read_bytes() if (jobs / "full.json").exists() else None
    (jobs / "full.json").write_text(json.dumps(json.loads((jobs / "verify.json").read_text()) | full))
    check("a step that failed is run alone", provoked("a job's step", "job", "full", None)["mend"].endswith(" prune"))
    (jobs / "full.json").unlink()
    if kept:
        (jobs / "full.json").write_bytes(kept)
    good = (jobs / "verify.json").read_text()
    alter("verify", last_started="2126-01-01T00:00:00Z", last_finished="2126-01-01T00:00:00Z")
    provoked("a time to come", "clock", "jobs", lambda one: (jobs / "verify.json").write_text(good))
    (jobs / "verify.json").write_text("{")
    provoked("a damaged record", "job", "verify")

    os.utime(jobs / "by-agent", (0, 0))
    provoked("an agent that does not run", "schedule", "agent", lambda one: os.utime(jobs / "by-agent"))
    good = {file: file.read_bytes() for file in jobs.iterdir()}
    run(home, "setup-automated-backups", "--remove")
    provoked("no schedule", "schedule", None, None)
    done = subprocess.run([program, "--home", str(home), "setup-automated-backups", "--scheduler", "agent"],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("a schedule whose agent never ran", done.returncode == 0 and "does not run" in found_in(doctor(home), "schedule")[0]["detail"], done)
    os.utime(jobs / "by-agent")
    check("a schedule", not found_in(doctor(home), "schedule"))
    for file, contents in good.items():
        file.write_bytes(contents)

    # cron: another time in dr.toml than in its lines, and no daemon.
    crontab = bin_folder / "crontab"
    crontab.write_text(f"#!/bin/sh\nT='{folder}/tab'\ncase $1 in\n-l) [ -e \"$T\" ] || {{ echo 'no crontab for x' >&2; exit 1; }}; cat \"$T\";;\n"
                       "-r) rm \"$T\";;\n-u) exit 1;;\n*) cp \"$1\" \"$T\";;\nesac\n")
    crontab.chmod(0o755)
    done = run(home, "setup-automated-backups", "--scheduler", "cron")
    check("cron", done.returncode == 0, done)
    if not any(os.path.exists(path) for path in ("/run/crond.pid", "/var/run/crond.pid")):
        check("no cron daemon", any("no cron daemon" in one["detail"] for one in found_in(doctor(home), "schedule", "cron")))
    tab = folder / "tab"
    tab.write_text(tab.read_text().replace("*/5", "*/50"))
    stale = [one for one in found_in(doctor(home), "schedule", "cron") if "not what dr.toml asks for" in one["detail"]]
    check("a line that was changed", len(stale) == 1)
    mend(stale[0])
    check("it is as it should be", not [one for one in found_in(doctor(home), "schedule", "cron")
                                        if "not what dr.toml asks for" in one["detail"]])
    run(home, "setup-automated-backups", "--scheduler", "agent")
    crontab.unlink()
    for file, contents in good.items():
        file.write_bytes(contents)

    # Locations.
    (folder / "b").rename(folder / "b away")
    (folder / "b").write_text("")
    run(home, "backup", "--type", "full")
    away = provoked("a location that is away", "location", "b", None)
    check(f"its reason is told: {away}", "it is no folder" in away["detail"])
    (folder / "b").unlink()
    (folder / "b away").rename(folder / "b")
    provoked("a location that is behind", "location", "b")
    (folder / "b").rename(folder / "b away")
    shutil.copytree(folder / "node" / "backups" / "repository", folder / "b")
    check("another repository", "another repository" in provoked("foreign", "location", "b", None)["detail"])
    check("then too few are healthy", found_in(doctor(home), "locations"))
    shutil.rmtree(folder / "b")
    (folder / "b away").rename(folder / "b")
    (folder / "c").rename(folder / "c away")
    check("none offsite", found_in(doctor(home), "offsite"))
    (folder / "c away").rename(folder / "c")
    check(f"all is well again: {doctor(home)}", not doctor(home))

    # The node.
    text = (config / "dr.toml").read_text()
    (config / "dr.toml").write_text(text + "[schedul]\n")
    one = provoked("settings with a fault", "settings", "dr.toml", None)
    check("the place is named", "line" in one["detail"] and "schedul" in one["detail"])
    check("what was not looked at has no mend of its own", not provoked("others", "settings", "others", None)["mend"])
    (config / "dr.toml").write_text(text)
    (config / "node.toml").write_text("nonsense = 1\n")
    provoked("the node's settings", "settings", "node.toml", lambda one: (config / "node.toml").unlink())
    done = run(home, "network", "pause")
    check("a pause", done.returncode == 0, done)
    provoked("a pause", "network_pause", "mainnet")
    (folder / "loop").symlink_to("loop")
    lost = found_in(doctor(folder / "loop"), "home")[0]
    check(f"a home that cannot be reached is not to be made: {lost}", " init" not in (lost["mend"] or ""))
    kept = (home / "data" / "blockchain.db").read_bytes()
    (home / "data" / "blockchain.db").write_bytes(b"garbage" * 10_000)
    check("a database of garbage", provoked("garbage", "database", None, None)["mend"].endswith(" restore --backup latest"))
    (home / "data" / "blockchain.db").write_bytes(kept)
    (home / "data").rename(home / "data away")
    provoked("no database", "database", None)
    check("the restored home is locked", "unlock-signing" in provoked("locked", "signing", None, None)["mend"])
    shutil.rmtree(home / "data away")
    shutil.rmtree(home / "network")
    done = run(home, "repository", "write-key", "create")
    done = done if done.returncode == 0 else run(home, "repository", "write-key", "create", "--output", str(config / "repository.write-key"))
    check("a write key", done.returncode == 0 and (config / "repository.write-key").exists(), done)
    provoked("a key beside the write key", "write_only", None, lambda one: key_file.rename(folder / "kept key"))
    findings = doctor(home)
    check(f"a write-only node can be looked at: {findings}", not findings)
    remembered = [path for path in (jobs / "full.json", jobs / "incremental.json", home / "backups" / "writer-state") if path.exists()]
    for path in remembered:
        path.rename(folder / f"kept {path.name}")
    findings = [one for name in ("backup_age", "full_backup_age") for one in found_in(doctor(home), name)]
    check(f"without a record it does not call its backups none: {findings}", len(findings) == 2
          and all("in the locations lie backups that it cannot read: " in one["detail"] for one in findings))
    for path in remembered:
        (folder / f"kept {path.name}").rename(path)
    refused = run(home, "job", "restore-test")
    check("what it cannot do is refused and no failure", refused.returncode == 5 and not doctor(home), refused)
    (config / "repository.write-key").unlink()
    findings = doctor(home)
    check("no key at all is not passed over", found_in(findings, "repository")[0]["status"] == "unknown")
    wrong = doctor(home, BT2C_REPO_PASSWORD="wrong")
    check("a wrong password", found_in(wrong, "repository"))
    ages = [one for one in findings + wrong if one["name"] in ("backup_age", "full_backup_age", "restore_test_age")]
    check(f"ages are not known then: {ages}", len(ages) == 6
          and all(one["status"] == "unknown" and not one["mend"] for one in ages))
    (folder / "kept key").rename(key_file)

    # A server that takes connections and says nothing holds it up for so long, and no longer.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        s3 = f'\n[[location]]\nname = "s3"\nkind = "s3"\nendpoint = "http://127.0.0.1:{port}"\nbucket = "b"\n'
        more = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
        (config / "dr.toml").write_text(text + s3)
        begun = time.monotonic()
        findings = doctor(home, **more)
        check(f"one of four hangs: {findings}", len(found_in(findings, "location", "s3")) == 1 and len(findings) == 1
              and time.monotonic() - begun < 40)
        (config / "dr.toml").write_text('repository = "none"\n' + s3)
        begun = time.monotonic()
        findings = doctor(home, "--patience", "3", **more)
        check(f"all there is hangs: {findings}", found_in(findings, "repository")[0]["status"] == "unknown"
              and time.monotonic() - begun < 20)
    (config / "dr.toml").write_text(text)

    # A password instead of a key file, asked for on the terminal.
    home = new_home("secret")
    terminal = Terminal(["--home", str(home), "init", "--schedule", "none"], environment)
    terminal.answer("Folder for backups", "")
    terminal.answer("One more", "")
    terminal.answer("Key file or password", "password")
    terminal.answer("", "a password")
    terminal.answer("again", "another one")
    terminal.expect("the two answers differ")
    terminal.answer("", "a password of mine")
    terminal.answer("again", "a password of mine")
    words = terminal.words()
    terminal.answer_words(lambda number: words[number - 1])
    terminal.answer("Make the first backup now", "no")
    check("with a password", terminal.end() == 0 and f"--home {home} backup (" in terminal.seen and "a password of mine" not in terminal.seen)
    check("there is no key file", not (home / "config" / "repository.key").exists())
    check("it opens", run(home, "list-backups", BT2C_REPO_PASSWORD="a password of mine").returncode == 0)
    # The record is gone, as in an older home that was restored: the words are asked for, or others made.
    (home / "config" / "recovery-phrase-confirmed.json").unlink()
    terminal = Terminal(["--home", str(home), "init", "--schedule", "none"], {**environment, "BT2C_REPO_PASSWORD": "a password of mine"})
    terminal.answer("One more", "")
    terminal.answer("24 words on paper", "yes")
    terminal.answer("The 24 words", "wrong words")
    terminal.expect("That will not do")
    terminal.answer("The 24 words", " ".join(words))
    terminal.answer("Make the first backup now", "no")
    check("the phrase is confirmed later", terminal.end() == 0 and (home / "config" / "recovery-phrase-confirmed.json").exists())
    (home / "config" / "recovery-phrase-confirmed.json").unlink()
    terminal = Terminal(["--home", str(home), "init", "--schedule", "none"], {**environment, "BT2C_REPO_PASSWORD": "a password of mine"})
    terminal.answer("One more", "")
    terminal.answer("24 words on paper", "no")
    terminal.answer("Make new words now", "yes")
    others = terminal.words()
    terminal.answer_words(lambda number: others[number - 1])
    terminal.answer("Make the first backup now", "no")
    check("others are made", terminal.end() == 0 and others != words)
    for phrase in (words, others):
        check("both open it", run(home, "list-backups", BT2C_REPO_PASSWORD=" ".join(phrase)).returncode == 0)
    terminal = Terminal(["--home", str(home), "init", "--schedule", "none"], environment)
    terminal.answer("One more", "")
    terminal.answer("Password or recovery phrase", "another one")
    terminal.expect("That will not do")
    terminal.answer("Password or recovery phrase", "a password of mine")
    terminal.answer("Make the first backup now", "")
    terminal.expect("is stored")
    check("what was typed opens it for all that follows", terminal.end() == 0 and "no password was given" not in terminal.seen
          and terminal.seen.count("Password or recovery phrase") == 2)

finish()
