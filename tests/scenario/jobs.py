"""[A1] [B6] [I2] Jobs, what runs them, restore tests and the check around an upgrade, with the real program.

usage: jobs.py PROGRAM CHAIN_TOOL
"""

import fcntl
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from checks import check, finish

program, chain_tool = (os.path.abspath(path) for path in sys.argv[1:3])
parent_died = 1  # PR_SET_PDEATHSIG


def tree(folder):
    """All that is below: names, kinds, modes, contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (status.st_mode, what)
    return found


def die_with_us():
    import ctypes
    ctypes.CDLL(None).prctl(parent_died, signal.SIGKILL)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    home = folder / "a home"
    (home / "data").mkdir(parents=True)
    (home / "config").mkdir()
    (home / "keys").mkdir()
    (home / "keys" / "validator.pem").write_bytes(os.urandom(100))
    subprocess.run([chain_tool, "create", str(home / "data" / "blockchain.db"), "--blocks", "2000", "--network", "mainnet"],
                   check=True, stdout=subprocess.DEVNULL)
    settings = home / "config" / "dr.toml"
    settings.write_text("[schedule]\nwait_minutes = 0\n")
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("BT2C_", "XDG_", "JOURNAL_", "AWS_"))}
    environment["HOME"] = str(folder / "user")
    (folder / "user").mkdir()
    environment["PATH"] = f"{bin_folder}:{environment['PATH']}"

    def run(*arguments, stderr=subprocess.PIPE, **more):
        return subprocess.run([program, "--home", str(home), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=stderr, env={**environment, **more}, timeout=250)

    def result(ended):
        return json.loads(ended.stdout)

    def record(job):
        return json.loads((home / "backups" / "jobs" / f"{job}.json").read_text())

    def stub(command, script):
        path = bin_folder / command
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    # Without a repository an unattended job makes none: its recovery phrase would be for nobody.
    done = run("--json", "job", "full")
    check("no repository is made by a job", done.returncode == 10 and result(done)["error"]["kind"] == "no_repository"
          and not (home / "backups" / "repository").exists(), done)
    check("that is recorded", record("full")["exit_status"] == 10 and record("full")["last_ok"] is None)
    told = result(done)
    check("programs are told which job, how it ended, why, and where that is on record", told["job"] == "full" and told["status"] == 10
          and told["error"]["message"] == "job full ended with status 10" and told["error"]["cause"] == told["message"] == record("full")["message"]
          and str(home / "backups" / "jobs" / "full.json") in told["error"]["hint"], told)
    check("job needs a name", run("job").returncode == 2 and run("job", "full", "--due").returncode == 2
          and run("job", "fulll").returncode == 2)
    for words, hint in (("job",), b"the jobs: full, incremental, verify, restore-test, prune, sync"), (("job", "fulll"), b"did you mean 'full'?"):
        check("the jobs' names are told", hint in run(*words).stderr, run(*words))
    check("the first backup", run("backup").returncode == 0)

    # An incremental one comes after a full one.
    done = run("job", "incremental")
    check("the first incremental is a full one", done.returncode == 0 and record("full")["exit_status"] == 0
          and b"no job has made a full backup yet" in done.stderr, done)
    done = run("--json", "job", "incremental")
    check("then it is what it says", done.returncode == 0 and record("incremental")["exit_status"] == 0, done)
    check("start and result are a line each", done.stderr.count(b"\n") == 2 and b"job incremental: started" in done.stderr, done)
    with open(folder / "journal", "wb") as journal:
        status = os.fstat(journal.fileno())
        run("job", "verify", stderr=journal, JOURNAL_STREAM=f"{status.st_dev}:{status.st_ino}")
    lines = (folder / "journal").read_text().splitlines()
    check(f"the journal gets levels: {lines}", len(lines) == 2 and all(line.startswith("<6>job verify: ") for line in lines))

    # Never two at once.
    with open(home / "backups" / "jobs" / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        skipped = run("--json", "job", "incremental")
        check("an incremental is skipped", skipped.returncode == 0 and result(skipped)["skipped"] is True
              and record("incremental")["last_skipped"] is not None and record("incremental")["exit_status"] == 0, skipped)
        check("others wait, then say so", run("job", "full").returncode == 4)
        due = run("--json", "job", "--due")
        check("what is due waits for its next look", due.returncode == 0 and result(due)["ran"] == [], due)

    # What is due by the records.
    due = run("--json", "job", "--due")
    check("what never ran is due", due.returncode == 0 and result(due)["ran"] == ["restore-test"]
          and result(due)["jobs"] == [{"job": "restore-test", "status": 0, "message": record("restore-test")["message"]}], due)
    check("and only once", result(run("--json", "job", "--due"))["ran"] == [])
    old = record("verify")
    old["last_started"] = "2026-01-01T00:00:00Z"
    (home / "backups" / "jobs" / "verify.json").write_text(json.dumps(old))
    check("what was missed is made up", result(run("--json", "job", "--due"))["ran"] == ["verify"])
    (home / "backups" / "jobs" / "verify.json").write_text("{")
    check("a damaged record stops nothing", result(run("--json", "job", "--due"))["ran"] == ["verify"]
          and record("verify")["exit_status"] == 0)
    # A record that cannot be written, of a job whose time it is not.
    full_record, aside = home / "backups" / "jobs" / "full.json", folder / "full.json"
    full_record.rename(aside)
    full_record.mkdir()
    (home / "backups" / "jobs" / "verify.json").unlink()
    settings.write_text(time.strftime("[schedule]\nwait_minutes = 0\nfull = '%H:%M'\n", time.gmtime(time.time() + 43_200)))
    backups_before = len(result(run("--json", "list-backups"))["backups"])
    due = run("--json", "job", "--due")
    told = result(due)
    check("what else ran is told beside the failure", told["error"]["message"] == "job full ended with status 1"
          and "without a record" in told["error"]["cause"] and "full" not in told["ran"] and "verify" in told["ran"]
          and {one["job"]: one["status"] for one in told["jobs"]}.items() >= {"full": 1, "verify": 0}.items()
          and all(one["message"] for one in told["jobs"]), told)
    check("a job without a record waits for its time, and stops none behind it", due.returncode == 1
          and b"job full: its record cannot be written" in due.stderr and record("verify")["exit_status"] == 0
          and len(result(run("--json", "list-backups"))["backups"]) == backups_before, due)
    full_record.rmdir()
    aside.rename(full_record)
    verify_record, aside = full_record.with_name("verify.json"), folder / "verify.json"
    verify_record.rename(aside)
    verify_record.mkdir()
    alone = run("--json", "job", "verify")
    check("how it ended is told without a record", alone.returncode == 6
          and result(alone)["message"].startswith("no problem was found; the record of this run cannot be written: "), alone)
    verify_record.rmdir()
    aside.rename(verify_record)
    settings.write_text("[schedule]\nwait_minutes = 0\n")

    # A job that is asked to stop stops its command, and says so.
    big = folder / "big"
    (big / "data").mkdir(parents=True)
    subprocess.run([chain_tool, "create", str(big / "data" / "blockchain.db"), "--blocks", "60000", "--network", "mainnet"],
                   check=True, stdout=subprocess.DEVNULL)
    (big / "config").mkdir()
    (big / "config" / "dr.toml").write_text("schedule.cpu_percent = 10\n")
    check("a repository", subprocess.run([program, "--home", str(big), "--quiet", "repository", "init"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment).returncode == 0)
    job = subprocess.Popen([program, "--home", str(big), "job", "full"], env=environment, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, preexec_fn=die_with_us)
    children = pathlib.Path(f"/proc/{job.pid}/task/{job.pid}/children")
    deadline = time.monotonic() + 60
    while job.poll() is None and not children.read_text().split() and time.monotonic() < deadline:
        time.sleep(0.01)
    child = (children.read_text().split() if job.poll() is None else []) or [""]
    job.send_signal(signal.SIGTERM)
    told = job.communicate(timeout=60)[1]
    check(f"it ends as interrupted: {job.returncode} {told.decode()}", job.returncode == 130)
    check("its command is gone", child[0] != "" and not pathlib.Path(f"/proc/{child[0]}").exists())
    cut_off = json.loads((big / "backups" / "jobs" / "full.json").read_text())
    check("that is recorded", cut_off["exit_status"] == 130 and cut_off["last_finished"] is not None)
    listed = subprocess.run([program, "--home", str(big), "--json", "list-backups"], env=environment, stdout=subprocess.PIPE)
    check("no backup came of it", json.loads(listed.stdout)["backups"] == [])
    shutil.rmtree(big)

    # Without full backups by the clock the first one is made all the same, by whichever scheduler.
    young = folder / "young"
    (young / "data").mkdir(parents=True)
    shutil.copy(home / "data" / "blockchain.db", young / "data" / "blockchain.db")
    (young / "config").mkdir()
    (young / "config" / "dr.toml").write_text('schedule.full = "off"\nschedule.verify = "off"\nschedule.restore_test = "off"\n')
    def of_young(*words):
        return subprocess.run([program, "--home", str(young), "--quiet", "--json", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, timeout=250)
    of_young("repository", "init")
    due = of_young("job", "--due")
    types = [one["type"] for one in json.loads(of_young("list-backups").stdout)["backups"]]
    check("the first full backup is made in place of an incremental one", due.returncode == 0 and types == ["full"], due)
    again = of_young("job", "--due")
    check("and not at each look", json.loads(again.stdout)["ran"] == [], again)
    shutil.rmtree(young)

    # [B6] Restore tests.
    home_before = tree(home)
    done = run("--json", "test-restore")
    proved = result(done)
    check("a backup that was not proved is", done.returncode == 0 and proved["verified"] is True
          and proved["duration_seconds"] > 0 and pathlib.Path(proved["scratch"]) == folder, done)
    check("all of it", {entry["name"]: entry["status"] for entry in proved["checks"]} == {
        **{one: "pass" for one in (
            "restore", "database_image", "missing_tables", "discontinuities", "duplicate_blocks", "orphaned_transactions",
            "invalid_validators", "merkle_roots", "block_hashes", "supply", "database_pages", "chain_tip", "files", "settings")},
        "wallets": "skipped"})
    check("nothing is left", not any(path.name.startswith("bt2c-restore-test") for path in folder.iterdir()))
    changed = {path for path in set(tree(home)) ^ set(home_before)
               } | {path for path, what in tree(home).items() if home_before.get(path, what) != what}
    check(f"the home is as it was: {changed}", all(path.startswith(("backups/jobs", "backups/repository/proofs")) for path in changed))
    backups = result(run("--json", "list-backups"))["backups"]
    check("the newest was proved by the job, the one before now", all(one["verified_at"] for one in backups)
          and proved["backup"] == backups[1]["id"] and len(backups) == 2)
    check("then it is the newest again", result(run("--json", "test-restore"))["backup"] == backups[0]["id"])
    check("a folder that is not there is told", run("test-restore", "--scratch", str(folder / "none")).returncode == 1)
    check("that is recorded too", record("restore-test")["exit_status"] == 1)
    check("another one by its id", result(run("--json", "test-restore", backups[-1]["id"][:8]))["backup"] == backups[-1]["id"])

    # A disk that is unmounted in the middle: the folder's place is empty then.
    repository, elsewhere = home / "backups" / "repository", folder / "unmounted"
    scratch = folder / "scratch"
    scratch.mkdir()
    for _ in range(20):  # until it was quick enough
        test = subprocess.Popen([program, "--home", str(home), "--json", "test-restore", "--scratch", str(scratch)],
                                env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_us)
        while not any(scratch.iterdir()) and test.poll() is None:
            time.sleep(0.0005)
        test.send_signal(signal.SIGSTOP)
        repository.rename(elsewhere)
        repository.mkdir()
        test.send_signal(signal.SIGCONT)
        told = test.communicate(timeout=60)[0].decode()
        left = [path.name for path in repository.iterdir()]
        shutil.rmtree(repository)
        elsewhere.rename(repository)
        if test.returncode != 0:
            break
    check(f"whether the backup restores is not known: {told} {left}",
          test.returncode == 1 and "gone meanwhile" in told and "not known" in told and left == [])
    check("no failure of it is on record", result(run("--json", "list-backups"))["backups"][0]["verified_at"])
    check("a new backup", run("backup").returncode == 0)
    latest = result(run("--json", "list-backups"))["backups"][0]
    pack = max((home / "backups" / "repository" / "packs").rglob("*"), key=lambda path: path.is_file() and path.stat().st_mtime_ns)
    good = pack.read_bytes()
    mode = pack.stat().st_mode
    pack.chmod(0o600)
    pack.write_bytes(good[:5000] + bytes([good[5000] ^ 1]) + good[5001:])
    done = run("--json", "job", "restore-test")
    failed = record("restore-test")
    check("a damaged one fails", done.returncode == 3 and failed["exit_status"] == 3 and failed["last_ok"] is not None
          and latest["id"][:8] in failed["message"] + json.dumps(result(run("--json", "test-restore"))), done)
    told = result(done)
    check("its document says how it ended", told["status"] == 3 and told["message"] == failed["message"]
          and told["duration_seconds"] == told["duration_s"] > 0, told)
    failed = record("restore-test")
    check("a mistyped id is no test", run("test-restore", "lates").returncode == 1 and record("restore-test") == failed)
    listed = result(run("--json", "list-backups"))["backups"][0]
    check("it is not called proved but failed", listed["verified_at"] is None and listed["failed_at"] is not None
          and b"FAILED" in run("list-backups").stdout, listed)
    found = [one for one in result(run("--json", "doctor"))["checks"] if one["status"] == "finding"]
    check("doctor names it, and the way on", any(one["subject"] == latest["id"][:8] for one in found)
          and any(one["name"] == "job" and "backup --type full && " in (one["mend"] or "") for one in found), found)
    check("nothing is left", not any(path.name.startswith("bt2c-restore-test") for path in folder.iterdir()))
    pack.write_bytes(good)
    pack.chmod(mode)
    time.sleep(1.1)  # within one second a failure counts
    check("whole again it is proved", run("job", "restore-test").returncode == 0
          and result(run("--json", "list-backups"))["backups"][0]["failed_at"] is None)

    left = folder / "bt2c-restore-test-killed"
    (left / "home/config").mkdir(parents=True)
    check("any job removes what a killed test left", run("job", "verify").returncode == 0 and not left.exists())
    for _ in range(20):  # until the kill was quick enough
        test = subprocess.Popen([program, "--home", str(home), "test-restore", "--scratch", str(scratch)],
                                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_us)
        while not list(scratch.glob("bt2c-restore-test-*/home")) and test.poll() is None:
            time.sleep(0.0005)
        test.kill()
        if test.wait() == -signal.SIGKILL:
            break
    notes = (home / "backups" / "jobs").glob("bt2c-restore-test-*")
    check("one that was killed in a place of its own", list(scratch.iterdir()) and len(list(notes)) == 1)
    check("is known there too", run("job", "verify").returncode == 0 and not any(scratch.iterdir())
          and not list((home / "backups" / "jobs").glob("bt2c-restore-test-*")))

    # [I2] Around an upgrade.
    check("another word is none", run("upgrade-check", "sideways").returncode == 2)
    check("before comes first", run("upgrade-check", "after").returncode == 1)
    program_here = f"bt2c-dr --home '{home}'"
    before = run("--json", "upgrade-check", "before")
    check("before", before.returncode == 0 and result(before)["backup"] == latest["id"], before)
    check("nothing happened", result(run("--json", "upgrade-check", "after"))["differences"] == [])
    database = home / "data" / "blockchain.db"
    subprocess.run([chain_tool, "append", str(database), "--blocks", "3"], check=True, stdout=subprocess.DEVNULL)
    after = run("--json", "upgrade-check", "after")
    check("blocks are no harm", after.returncode == 0 and any("from height" in one["text"] for one in result(after)["differences"]), after)
    subprocess.run(["sqlite3", str(database), "DROP TABLE nonces; ALTER TABLE validators ADD COLUMN colour TEXT"], check=True)
    after = run("upgrade-check", "after")
    check("a table that is gone is", after.returncode == 3 and b"table nonces is gone" in after.stdout
          and f"{program_here} restore --backup {latest['id'][:8]}".encode() in after.stdout, after)
    check("the way back", run("restore", "--backup", latest["id"]).returncode == 0
          and run("upgrade-check", "after").returncode == 0)
    subprocess.run(["sqlite3", str(database), "UPDATE blocks SET hash = hash || 'x' WHERE height = 1999"], check=True)
    broken = run("--json", "upgrade-check", "before")
    check("a chain with problems is not upgraded", broken.returncode == 3 and result(broken)["error"]["state"] == "no backup was made", broken)
    for what, wreck, text in (("gone", database.unlink, b"wrong: the chain database is gone"),
                              ("wrecked", lambda: database.write_bytes(b"garbage" * 1000), b"wrong: the chain database cannot be read")):
        wreck()
        after = run("upgrade-check", "after")
        check(f"a database that is {what} has a way back", after.returncode == 3 and text in after.stdout
              and f"{program_here} restore --backup {latest['id'][:8]}\n".encode() in after.stdout, after)
        check("restored", run("restore", "--backup", latest["id"]).returncode == 0 and run("upgrade-check", "after").returncode == 0)
    (home / "backups" / "upgrade-check.json").write_text("{")
    damaged = run("--json", "upgrade-check", "after")
    check("a damaged record is told with the way on", damaged.returncode == 1 and result(damaged)["error"]["state"] is not None
          and f"{program_here} list-backups" in result(damaged)["error"]["hint"], damaged)
    # A backup that did not restore is none to go back to, nor one to build on.
    def test_damaged(backup):
        pack.chmod(0o600)
        pack.write_bytes(good[:5000] + bytes([good[5000] ^ 1]) + good[5001:])
        tested = run("test-restore", backup)
        pack.write_bytes(good)
        pack.chmod(mode)
        return tested.returncode == 3

    check("a fresh backup whose test fails", test_damaged(latest["id"]))
    before = run("--json", "upgrade-check", "before")
    newest = result(run("--json", "list-backups"))["backups"][0]
    check("another full one is made", before.returncode == 0 and newest["type"] == "full"
          and result(before)["backup"] == newest["id"] != latest["id"], before)
    check("which then will do", result(run("--json", "upgrade-check", "before"))["backup"] == newest["id"])
    store = home / "backups" / "repository"
    store.rename(folder / "store away")
    before = run("--json", "upgrade-check", "before")
    check("no new repository is made", before.returncode == 10 and not store.exists(), before)
    (folder / "store away").rename(store)
    team, writer = folder / "team", folder / "writer"
    for path in (team, writer):
        (path / "config").mkdir(parents=True)
        (path / "config" / "dr.toml").write_text("repository = '../shared'\n")
    (writer / "data").mkdir()
    shutil.copy(database, writer / "data" / "blockchain.db")

    def run_in(place, *arguments):
        return subprocess.run([program, "--home", str(place), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment, timeout=100, start_new_session=True)

    run_in(team, "repository", "init")
    made = run_in(team, "repository", "write-key", "create", "-o", str(writer / "config" / "repository.write-key"))
    check("a write key", made.returncode == 0, made)
    before, after = run_in(writer, "--json", "upgrade-check", "before"), run_in(writer, "upgrade-check", "after")
    check("a write-only node is checked too", before.returncode == 0 and after.returncode == 0
          and result(before)["backup"] == result(run_in(team, "--json", "list-backups"))["backups"][0]["id"],
          before if before.returncode else after)
    for path in (team, writer, folder / "shared"):
        shutil.rmtree(path)

    # systemd, on a system that does not run: real units and links in an empty folder.
    image = folder / "image"
    image.mkdir()
    if shutil.which("systemctl"):
        shown = run("--json", "setup-automated-backups", "--root", str(image), "--dry-run")
        check("a dry run shows all and changes nothing", shown.returncode == 0 and len(result(shown)["installed"]) == 8
              and "OnCalendar=*-*-* 02:00:00 UTC" in shown.stdout.decode() and tree(image) == {}, shown)
        done = run("--json", "setup-automated-backups", "--root", str(image))
        units = image / "etc" / "systemd" / "system"
        check("eight units are installed", done.returncode == 0 and result(done)["changed"] is True
              and sorted(result(done)["installed"]) == sorted(str(path) for path in units.iterdir() if path.is_file()), done)
        check("four timers are enabled", len(list((units / "timers.target.wants").iterdir())) == 4)
        installed = tree(image)
        again = run("--json", "setup-automated-backups", "--root", str(image))
        check("again nothing changes", again.returncode == 0 and result(again)["changed"] is False and tree(image) == installed, again)
        other = subprocess.run([program, "--home", str(folder / "other"), "--json", "setup-automated-backups", "--root", str(image)],
                               env=environment, stdout=subprocess.PIPE)
        check("another home has units of its own", len(list(units.glob("*.timer"))) == 8 and other.returncode == 0)
        subprocess.run([program, "--home", str(folder / "other"), "setup-automated-backups", "--root", str(image), "--remove"],
                       env=environment, stdout=subprocess.DEVNULL)
        check("and takes away only those", tree(image) == installed)
        settings.write_text("[schedule]\nwait_minutes = 0\nverify = 'off'\nfull = '05:30'\n")
        done = run("--json", "setup-automated-backups", "--root", str(image))
        check("a new schedule is brought up to date", len(result(done)["removed"]) == 2 and len(list(units.glob("*.timer"))) == 3
              and "05:30:00" in next(units.glob("bt2c-dr-full-*.timer")).read_text(), done)
        settings.write_text("[schedule]\nwait_minutes = 0\n")
        disk = folder.resolve() / "disk"
        (home / "data").rename(disk)
        (home / "data").symlink_to(disk)
        shown = run("--json", "setup-automated-backups", "--root", str(image), "--dry-run").stdout.decode()
        check("where links lead may be written", f'"-{disk}"' in shown.replace('\\"', '"') and f"-{disk}" not in str(installed), shown)
        (home / "data").unlink()
        disk.rename(home / "data")
        foreign = next(units.glob("bt2c-dr-full-*.service"))
        ours = foreign.read_text()
        foreign.write_text("[Service]\nExecStart=/bin/true\n")
        refused = run("setup-automated-backups", "--root", str(image))
        check("what is not ours is left alone", refused.returncode == 1 and b"not ours" in refused.stderr
              and "ExecStart=/bin/true" in foreign.read_text(), refused)
        foreign.write_text(ours)
        run("setup-automated-backups", "--root", str(image), "--remove")
        check(f"nothing at all is left: {list(tree(image))}", tree(image) == {})
    elif os.environ.get("CI") == "true":
        check("systemctl is installed", False)

    # What a systemd that runs is told, by a stand-in that notes it down; as a user, whose units are in a folder.
    as_user = {"user": "nobody"} if os.geteuid() == 0 else {}
    user_name = "nobody" if as_user else pwd.getpwuid(os.geteuid()).pw_name
    calls = folder / "calls"
    calls.touch()
    calls.chmod(0o666)
    folder.chmod(0o755)
    configuration = folder / "configuration"
    users_home = folder / "users"
    for path in (configuration, users_home):
        path.mkdir()
        if as_user:
            shutil.chown(path, "nobody")
    stub("systemctl", f'echo "$*" >> {calls}\n')

    # Where others may run it.
    everybodys = folder / "program"
    shutil.copy(program, everybodys)
    everybodys.chmod(0o755)

    def run_as_user(*arguments):
        return subprocess.run([str(everybodys), "--home", str(users_home), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env={**environment, "XDG_CONFIG_HOME": str(configuration)}, timeout=60,
                              cwd="/", **as_user)

    jobs_folder = users_home / "backups" / "jobs"
    jobs_folder.mkdir(parents=True)
    jobs_folder.chmod(0o555)
    told = [one for one in result(run_as_user("--json", "doctor"))["checks"] if one["name"] == "home"]
    check("a home where this user can make no record", told[0]["status"] == "finding" and "mode 555" in told[0]["mend"], told)
    if as_user:
        jobs_folder.parent.chmod(0o700)
        told = result(run_as_user("--json", "test-restore"))["error"]
        check("a folder that this user may not look into is named, and who may", told["kind"] == "failed"
              and told["message"] == f"cannot look at {jobs_folder}" and told["cause"] == "Permission denied"
              and told["state"] and told["hint"].rstrip("'").endswith(str(jobs_folder.parent)), told)
        jobs_folder.parent.chmod(0o755)
        (users_home / "keys").mkdir()  # of root
        told = [one["mend"] for one in result(run_as_user("--json", "doctor"))["checks"]
                if one["name"] == "file_modes" and one["subject"] == str(users_home / "keys")]
        check("what only root can mend is told as that", [mend.startswith("as root: chown ") for mend in told] == [True], told)
        (users_home / "keys").rmdir()
        shutil.chown(jobs_folder.parent, "nobody")
        closed = folder / "closed"
        closed.mkdir()
        shutil.chown(closed, "nobody")
        made = run_as_user("init", "--non-interactive", "--schedule", "none", "--location", f"name=usb,kind=folder,path={closed}")
        shutil.chown(closed, "root")
        closed.chmod(0o700)
        told = [one["mend"] for one in result(run_as_user("--json", "doctor"))["checks"]
                if one["name"] == "location" and one["subject"] == "usb"]
        check("a location that this user may not look into", made.returncode == 0
              and told == [f"put owner and mode of it right: ls -ld {closed}"], (made, told))
        shutil.rmtree(closed)
        shutil.rmtree(users_home / "config")
    shutil.rmtree(users_home / "backups")

    before_tree = tree(configuration), tree(users_home)
    done = run_as_user("--json", "setup-automated-backups", "--scheduler", "systemd")
    told = calls.read_text()
    check(f"the user's systemd is told: {told}", done.returncode == 0 and "--user daemon-reload\n" in told
          and "--user enable bt2c-dr-full-" in told and "--user restart bt2c-dr-full-" in told, done)
    check("units of a user name none", "User=" not in next((configuration / "systemd" / "user").glob("*.service")).read_text())
    calls.write_text("")
    again = run_as_user("--json", "setup-automated-backups", "--scheduler", "systemd")
    check("again nothing is reloaded", result(again)["changed"] is False and "daemon-reload" not in calls.read_text(), again)
    gone = run_as_user("--json", "setup-automated-backups", "--scheduler", "systemd", "--remove")
    check("removed, nothing is left", gone.returncode == 0 and "--user disable" in calls.read_text()
          and (tree(configuration), tree(users_home)) == before_tree, gone)
    stub("systemctl", "echo 'System has not been booted with systemd' >&2; exit 1\n")
    refused = run_as_user("setup-automated-backups", "--scheduler", "systemd")
    check("a systemd that does not run is told", refused.returncode == 1 and b"not been booted" in refused.stderr
          and (tree(configuration), tree(users_home)) == before_tree, refused)
    (bin_folder / "systemctl").unlink()

    # cron. A stand-in that keeps one crontab, and tells as Debian's does that there is none.
    crontab = folder / "crontab"
    stub("crontab", f'case $1 in\n-l) [ -e {crontab} ] || {{ echo "no crontab for x" >&2; exit 1; }}; cat {crontab} ;;\n'
                    f'-r) rm {crontab} ;;\n*) cp "$1" {crontab} ;;\nesac\n')
    clean = tree(home)
    jobs_clean = {path: what for path, what in clean.items() if not path.startswith("backups/jobs")}
    line = None
    for text in (None, b"# mine\n*/7 * * * * echo 'a  b' 100\\%\n\n"):
        if text is not None:
            crontab.write_bytes(text)
        done = run("--json", "setup-automated-backups", "--scheduler", "cron", BT2C_REPO_PASSWORD_FILE="")
        line = result(done)["installed"][0]
        check("a line is installed", done.returncode == 0 and len(result(done)["installed"]) == 1
              and crontab.read_bytes().startswith(text or b"# BEGIN"), done)
        once = crontab.read_bytes()
        check("again nothing changes", result(run("--json", "setup-automated-backups", "--scheduler", "cron"))["changed"] is False
              and crontab.read_bytes() == once)
        link = folder / "another name"
        link.symlink_to(home)
        by_link = run_in(link, "--json", "setup-automated-backups", "--scheduler", "cron")
        check("nor by another name of the home", result(by_link)["changed"] is False and crontab.read_bytes() == once, by_link)
        link.unlink()
        run("setup-automated-backups", "--scheduler", "cron", "--remove")
        check("the rest of the crontab is as it was", (crontab.read_bytes() if crontab.exists() else None) == text)
    check("records went with it, backups stay", tree(home) == jobs_clean)
    as_cron = subprocess.run(["env", "-i", "PATH=/usr/bin:/bin", f"HOME={folder}", "SHELL=/bin/sh", "/bin/sh", "-c",
                              line.removeprefix("*/5 * * * * ").replace("\\%", "%")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             timeout=250)
    check("the line runs what is due", as_cron.returncode == 0 and as_cron.stderr == b"" and all(
        record(job)["exit_status"] == 0 for job in ("full", "incremental", "verify", "restore-test")), as_cron)
    without_s3 = run("setup-automated-backups", "--dry-run", "--scheduler", "cron", AWS_PROFILE="a node")
    check("what is for S3 alone is not handed over where there is none", b"AWS_" not in without_s3.stdout, without_s3)
    vault = '[[location]]\nname = "vault"\nkind = "s3"\nendpoint = "http://127.0.0.1:9"\nbucket = "b"\nretries = 0\n'
    asked_for = settings.read_text() if settings.exists() else ""
    settings.write_text(asked_for + vault)
    run("setup-automated-backups", "--scheduler", "cron", BT2C_REPO_PASSWORD_FILE="./password", AWS_SHARED_CREDENTIALS_FILE="aws/keys",
        AWS_PROFILE="a node")
    # Whoever looks has other variables, or none; what dr.toml says of times and places is compared all the same.
    def schedule_found():
        return [one["detail"] for one in result(run("--json", "doctor", "--patience", "3"))["checks"]
                if one["name"] == "schedule" and "dr.toml asks for" in one["detail"]]
    check("a shell without the jobs' variables hides nothing", not schedule_found(), schedule_found())
    installed = crontab.read_text()
    crontab.write_text(installed.replace("--quiet job", "--quiet  job"))
    check("and what was changed is found", len(schedule_found()) == 1, schedule_found())
    crontab.write_text(installed)
    check("where secrets are is told whatever folder the jobs run in", all(
        f"{name}='{os.getcwd()}/{path}' " in crontab.read_text()
        for name, path in (("BT2C_REPO_PASSWORD_FILE", "password"), ("AWS_SHARED_CREDENTIALS_FILE", "aws/keys"))), crontab.read_text())
    check("and which of them is meant", "AWS_PROFILE='a node' " in crontab.read_text(), crontab.read_text())
    dropped, again = (run("setup-automated-backups", "--scheduler", "cron", BT2C_REPO_PASSWORD_FILE="password") for _ in range(2))
    check("a variable that is dropped is told of, once", b"were given AWS_SHARED_CREDENTIALS_FILE so far" in dropped.stderr
          and b"PASSWORD_FILE so far" not in dropped.stderr and b"so far" not in again.stderr, dropped)
    settings.write_text(asked_for)
    with open(home / "backups" / "jobs" / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = run("--json", "setup-automated-backups", "--remove")
        error = result(busy)["error"]
        check("a job that runs keeps the records, which is told", busy.returncode == 4 and "the schedule is removed" in error["state"]
              and 'setup-automated-backups --remove" again' in error["hint"] and b"BEGIN bt2c-dr" not in crontab.read_bytes(), busy)
    left = scratch / "bt2c-restore-test-left"  # by a test that was killed
    (left / "home").mkdir(parents=True)
    (home / "backups" / "jobs" / "bt2c-restore-test-left.place").write_text(str(left))
    check("until it has ended", run("setup-automated-backups", "--remove").returncode == 0
          and not (home / "backups" / "jobs").exists())
    check("what a killed test left went with it", not left.exists())
    stub("crontab", "echo 'cannot open the spool\nsee the manual' >&2; exit 1\n")
    refused = run("setup-automated-backups", "--scheduler", "cron")
    check("a crontab that cannot be read is not taken for empty", refused.returncode == 1
          and b"cannot open the spool; see the manual\n" in refused.stderr, refused)
    stub("crontab", "echo 'You (x) are not allowed to use this program (crontab)\nSee crontab(1)' >&2; exit 1\n")
    refused = run("setup-automated-backups", "--scheduler", "cron")
    check("cron that refuses the user is told", refused.returncode == 1 and b"(crontab); See crontab(1)\n" in refused.stderr, refused)
    stub("crontab", "echo 'The user x cannot use this program (crontab)' >&2; exit 1\n")
    check("and is no cron", run("setup-automated-backups", "--scheduler", "agent").returncode == 0)
    gone = run("setup-automated-backups", "--remove")
    # Only root can see that he has none nevertheless; else lines may be left.
    is_unseen = not as_user and os.path.exists("/var/spool/cron/crontabs")
    check("what may be left in his crontab is told", gone.returncode == (1 if is_unseen else 0)
          and (b"cannot look at the crontab" in gone.stderr) == is_unseen, gone)
    if as_user:
        nobody = run("setup-automated-backups", "--user", "no-such-user")
        check("a user that is not there is told", nobody.returncode == 2 and b"no user 'no-such-user'" in nobody.stderr, nobody)
    stub("crontab", "echo 'no crontab for x' >&2; exit 1\n")
    told = [run("setup-automated-backups", "--dry-run", "--scheduler", one, BT2C_REPO_PASSWORD_COMMAND="pass x").stderr
            for one in ("cron", "agent")]
    account = pwd.getpwuid(os.geteuid())
    if not pathlib.Path(account.pw_dir, ".aws", "credentials").exists():
        s3 = '[[location]]\nname = "vault"\nkind = "s3"\nendpoint = "http://127.0.0.1:9"\nbucket = "b"\nretries = 0\n'
        exported = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}

        def lack_of_credentials(location, scheduler="cron", **more):
            settings.write_text(f"[schedule]\nwait_minutes = 0\n{location}")
            shown = run("--json", "setup-automated-backups", "--dry-run", "--scheduler", scheduler, **exported, **more)
            return [note for note in result(shown)["notes"] if "no credentials for" in note]

        lack = lack_of_credentials(s3)
        check(f"jobs do not get exported credentials: {lack}", len(lack) == 1 and "'vault'" in lack[0]
              and f"into {account.pw_dir}/.aws/credentials" in lack[0] and "mode 600" in lack[0])
        check("unless a file is named", not lack_of_credentials(s3 + f'credentials_file = "{folder}/keys"\n')
              and not lack_of_credentials(s3 + 'profile = "node"\n')
              and not lack_of_credentials(s3, AWS_SHARED_CREDENTIALS_FILE=str(folder / "keys")))
        check("or the agent runs them", not lack_of_credentials(s3, "agent"))
        # Where no location can be reached it is set up all the same.
        unreached = f'repository = "none"\n{s3}{s3.replace("vault", "second").replace(":9", ":10")}'
        settings.write_text(unreached)
        for words in (("--dry-run",), ()):
            done = run("--json", "setup-automated-backups", "--scheduler", "agent", *words, **exported)
            check("without any location it is set up, and the reason told", done.returncode == 0 and result(done)["installed"]
                  and any("could not be seen: " in note for note in result(done)["notes"]), done)
        run("setup-automated-backups", "--remove")
        settings.write_text("[schedule]\nwait_minutes = 0\n")
    check("a command line that is copied is told of", b"can be read by all" in told[0] and b"can be read by all" not in told[1], told)
    (bin_folder / "crontab").unlink()
    real = shutil.which("crontab")
    if real and as_user and subprocess.run([real, "-u", "nobody", "-l"], stderr=subprocess.DEVNULL,
                                                         stdout=subprocess.DEVNULL).returncode != 0:
        done = subprocess.run([str(everybodys), "--home", str(users_home), "--json", "setup-automated-backups", "--scheduler", "cron"],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        there = subprocess.run([real, "-u", "nobody", "-l"], stdout=subprocess.PIPE).stdout.decode()
        check("Debian's crontab of the home's owner has the line", done.returncode == 0 and result(done)["installed"][0] in there, done)
        gone = subprocess.run([program, "--home", str(users_home), "--json", "setup-automated-backups", "--remove"],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        check("and no crontab any more", gone.returncode == 0 and subprocess.run(
            [real, "-u", "nobody", "-l"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode == 1
            and tree(users_home) == before_tree[1], gone)
    elif os.environ.get("CI") == "true":
        check("cron is installed, for root to give nobody a crontab", False)

    # The agent, with no control plane.
    stub("crontab", "echo 'no crontab for x' >&2; exit 1\n")
    check("without a task the agent does not run", run("agent").returncode == 2)
    run("setup-automated-backups", "--remove")
    done = run("--json", "setup-automated-backups", "--scheduler", "agent")
    marker = home / "backups" / "jobs" / "by-agent"
    check("the agent is told", result(done)["installed"] == [str(marker)], done)
    again = run("--json", "setup-automated-backups")
    check("it stays what runs them", result(again)["scheduler"] == "agent" and result(again)["changed"] is False, again)

    def standstill():
        checks = result(run("--json", "doctor"))["checks"]
        return [one["mend"] for one in checks if one["name"] == "schedule" and one["status"] != "ok"]

    check("one that was never started does not run", [mend.endswith(" agent") for mend in standstill()] == [True], standstill())
    agent = subprocess.Popen([program, "--home", str(home), "agent"], env=environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, preexec_fn=die_with_us)
    test_record = home / "backups" / "jobs" / "restore-test.json"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (test_record.exists() and record("restore-test")["last_finished"]):
        time.sleep(0.05)
    check("it runs what is due", all(record(job)["exit_status"] == 0 for job in ("full", "verify", "restore-test")))
    agent.send_signal(signal.SIGTERM)
    check("and ends when it is asked to", agent.wait(timeout=30) == 0)
    check("it ran just now", standstill() == [], standstill())
    os.utime(marker, (time.time() + 3600, time.time() + 3600))
    check("a time to come is no sign of life", len(standstill()) == 1, standstill())
    run("setup-automated-backups", "--remove")
    check("nothing is left", {path for path in tree(home) if path.startswith("backups/jobs")} == set())

finish()
