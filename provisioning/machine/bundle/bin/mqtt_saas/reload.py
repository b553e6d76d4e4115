"""Tells the broker to read its password file, ACL file and certificate again, when that loses nothing.

The rule is docs/decisions/0006: a session restored from disk has no password in memory, and Mosquitto's reload leaves it
without rights until its client is back; what is published to it meanwhile is acknowledged and dropped. So after a start
with restored sessions a reload waits until the ingest session has connected. A reload that waits is a file in the state
folder, which is root's: while it is there, reload-broker.service tries four times a second. A start reads all files, so
nothing waits across one.

registry-sync, which may neither signal the broker nor write there, asks by a file in a folder of its own, the wish.
"""

import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

from mqtt_saas import durable
from mqtt_saas.contract import BROKER, DATABASE, INGEST_CONNECTED, REGISTRY_SYNC, RELOAD, RELOAD_WANTED, RELOAD_WISH, STATE

T = TypeVar("T")

# Two reloads are at least so far apart: with 10,000 accounts the broker stands still for more than a second in each
# (docs/registry.md).
MIN_GAP_SECONDS = 2.0

# File with the process ids of the broker's service.
PROCESSES = f"/sys/fs/cgroup/system.slice/{BROKER}/cgroup.procs"

WISH = os.path.join(REGISTRY_SYNC, RELOAD_WISH)

STARTING = re.compile(r"mosquitto version \S+ starting$", re.MULTILINE)

DONE, IDLE = "the broker reads its files again", "no reload is wanted"
# How every outcome begins that leaves the reload wanted.
WAITS = "waits:"


class Broker:
    """The running broker.

    processes: file with the process ids of its service; database: where it keeps sessions; log: its log file, None for
    the journal of its unit.
    """

    def __init__(self, processes: str, database: str, log: str | None = None) -> None:
        self.processes, self.database, self.log = processes, database, log

    def find(self) -> tuple[int, float] | None:
        """(pid, start): which process it is, None when it does not run. `start` is seconds since 1970."""
        for line in _read(self.processes).split():
            # Scripts that run before the start are in the same control group.
            if _read(f"/proc/{line}/comm") == "mosquitto\n":
                # Field 22, in clock ticks since boot; the name before it may hold spaces: proc_pid_stat(5).
                ticks = int(_read(f"/proc/{line}/stat").rpartition(")")[2].split()[19])
                boot = re.search(r"^btime ([0-9]+)", _read("/proc/stat"), re.MULTILINE)
                assert boot, "Linux has this line always: proc_stat(5)"
                return int(line), int(boot[1]) + ticks / os.sysconf("SC_CLK_TCK")
        return None

    def log_since(self, pid: int, since: float) -> str:
        """Its log from `since`, seconds since 1970, on; a log file whole, from the last start on."""
        if self.log is not None:
            text = _read(self.log)
            starts = list(STARTING.finditer(text))
            return text[starts[-1].start() :] if starts else text
        command = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--since=@{int(since)}", f"_PID={pid}"]
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20, check=False)
        return answer.stdout


class Reloader:
    """Keeps and carries out reloads. folder: for its state; every caller names the same one. wish: registry-sync's file."""

    def __init__(self, broker: Broker, folder: str, wish: str) -> None:
        self.broker, self.folder, self.wish = broker, folder, wish

    def request(self) -> str:
        """Wants a reload, and does it now if it may. Returns what became of it: see attempt()."""
        self._locked(self._want)
        return self.attempt()

    def take_wish(self) -> bool:
        """Turns registry-sync's wish into a reload that is wanted. True when one is."""
        if os.path.lexists(self.wish):
            # Before it is taken away: whoever asks after that asks for another one.
            self._locked(self._want)
            _remove(self.wish)
        return self.waiting_since() is not None

    def waiting_since(self) -> float | None:
        """When the reload was asked for that waits, seconds since 1970; None when none does."""
        return waiting_since(self.folder)

    def attempt(self, force: bool = False) -> str:
        """Does a reload that waits, if it may; DONE, IDLE, or why it waits. force: whatever a session may lose."""
        return self._locked(lambda: self._attempt(force))

    def _want(self) -> None:
        if self.waiting_since() is None:
            self._save(RELOAD_WANTED, {"since": time.time()})

    def _attempt(self, force: bool) -> str:
        if self.waiting_since() is None and not force:
            return IDLE
        found = self.broker.find()
        if found is None:
            _remove(os.path.join(self.folder, RELOAD_WANTED))
            return "the broker does not run; it reads its files when it starts"
        pid, started = found
        if not handles(pid, signal.SIGHUP):
            return f"{WAITS} the broker is starting"
        seen = self._load("broker.json")
        if [seen.get("pid"), seen.get("started")] != [pid, started]:
            # A database that is there may hold sessions from before, or only what this broker saved: taken as restored.
            seen = {"pid": pid, "started": started, "safe": not os.path.exists(self.broker.database), "looked": started}
        if not seen["safe"]:
            # A little overlap, because the journal may be late.
            seen["safe"] = INGEST_CONNECTED.search(self.broker.log_since(pid, seen["looked"] - 5)) is not None
            seen["looked"] = time.time()
        if force or seen["safe"]:
            # One that seems to come was before the clock was set back.
            if 0 <= time.time() - seen.get("reloaded", 0) < MIN_GAP_SECONDS:
                self._save("broker.json", seen)
                return f"{WAITS} less than {MIN_GAP_SECONDS:.0f} s since the last one"
            seen["reloaded"] = time.time()
            # Before the signal: a request that comes after it is a new one.
            _remove(os.path.join(self.folder, RELOAD_WANTED))
            os.kill(pid, signal.SIGHUP)
        self._save("broker.json", seen)
        return DONE if force or seen["safe"] else f"{WAITS} ingest has not connected since the broker's start"

    def _locked(self, work: Callable[[], T]) -> T:
        """One caller at a time. The lock is a file that only root opens: nobody else can hold it."""
        os.makedirs(self.folder, exist_ok=True)
        # registry-sync reads since when a reload waits.
        os.chmod(self.folder, 0o755)
        descriptor = os.open(os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return work()
        finally:
            os.close(descriptor)

    def _load(self, name: str) -> dict[str, Any]:
        return _load(os.path.join(self.folder, name))

    def _save(self, name: str, value: dict[str, Any]) -> None:
        durable.write(os.path.join(self.folder, name), json.dumps(value), 0o644)


def ask(wish: str) -> None:
    """Asks for a reload, as registry-sync does: reload-broker.path sees the file."""
    with open(wish, "w", encoding="utf-8"):
        pass


def waiting_since(folder: str) -> float | None:
    """When the reload was asked for that waits, seconds since 1970; None when none does."""
    since = _load(os.path.join(folder, RELOAD_WANTED)).get("since")
    return None if since is None else float(since)


def _load(path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_read(path) or "{}")
        return found
    except ValueError:
        return {}


def _remove(path: str) -> None:
    """Takes a name away, whatever it is; a link's target stays."""
    with contextlib.suppress(FileNotFoundError):
        try:
            os.remove(path)
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the broker and the state are, for a program's command line. The defaults are the machine's."""
    parser.add_argument("--processes", default=PROCESSES, help="file with the broker's process id (default: %(default)s)")
    parser.add_argument("--log", help="the broker's log file (default: the journal)")
    parser.add_argument("--database", default=os.path.join(STATE, DATABASE), help="(default: %(default)s)")
    parser.add_argument("--state", default=RELOAD, help="its folder (default: %(default)s)")
    add_wish(parser)


def add_wish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wish", default=WISH, help="registry-sync's wish for a reload (default: %(default)s)")


def from_options(options: argparse.Namespace) -> Reloader:
    """The reloader that a command line's options describe."""
    return Reloader(Broker(options.processes, options.database, options.log), options.state, options.wish)


def handles(pid: int, number: int) -> bool:
    """False for a process that the signal would end, because it is not that far yet."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", _read(f"/proc/{pid}/status"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) & 1 << (number - 1))


def _read(path: str) -> str:
    """A file's text, empty when it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""
