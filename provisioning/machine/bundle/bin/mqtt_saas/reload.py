"""Finds the broker's process, and has it read its certificate and the reloadable part of its configuration again.

Who may connect needs no reload: the gate reads the registry file when it changes.
"""

import argparse
import os
import re
import signal
import time

from mqtt_saas.contract import BROKER

# File with the process ids of the broker's service.
PROCESSES = f"/sys/fs/cgroup/system.slice/{BROKER}/cgroup.procs"
# A broker that is so young that SIGHUP would end it reads its files anyway; a signal to it waits so long.
PATIENCE_SECONDS = 20


class Broker:
    """The running broker. processes: file with the process ids of its service."""

    def __init__(self, processes: str) -> None:
        self.processes = processes

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


def reload(broker: Broker) -> str:
    """Returns what was done. Raises TimeoutError for a broker that does not come up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found := broker.find():
        if handles(found[0], signal.SIGHUP):
            os.kill(found[0], signal.SIGHUP)
            return "the broker reads its files again"
        if time.monotonic() > deadline:
            raise TimeoutError(f"the broker has not come up within {PATIENCE_SECONDS} s")
        time.sleep(0.1)
    return "the broker does not run; it reads its files when it starts"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the broker is, for a program's command line. The default is the machine's."""
    parser.add_argument("--processes", default=PROCESSES, help="file with the broker's process id (default: %(default)s)")


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
