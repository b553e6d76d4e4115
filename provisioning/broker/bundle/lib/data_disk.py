"""The data disk: its file system grows with it, and a queue that it has no room for is refused."""

import os
import subprocess
import time

import release

UNIT = "grow-data-disk.service"
STATE = "/var/lib/mosquitto"
# Azure's disks show a new size within ten minutes ("Expand virtual hard disks on a Linux VM").
ATTEMPTS = 40


class TooSmall(OSError):
    """The file system has less than a full queue takes, and why it is not larger."""


def make_room(folder, old=None, pause=15):
    """Grows the file system to its disk, and says so. Raises TooSmall when a release's queue would not fit even then.

    Where a release is of a larger disk than the `old` one, its new size is waited for. That the file system does not grow is
    no reason to refuse a release that fits all the same.
    """
    before = _size(STATE)
    wanted = release.settings(folder).get("dataDiskGb", 0)
    is_larger = old is not None and wanted > release.settings(old).get("dataDiskGb", wanted)
    for left in reversed(range(ATTEMPTS if is_larger else 1)):
        result = subprocess.run(["systemctl", "start", UNIT], capture_output=True, text=True, errors="replace")
        after = _size(STATE)
        if after > before or left == 0:
            break
        time.sleep(pause)
    failure = "" if result.returncode == 0 else f" (it did not grow: {' '.join(result.stderr.split())[-300:]})"
    needed = release.settings(folder).get("stateBytes", 0)
    if after < needed:
        raise TooSmall(
            f"the data disk's file system has {_mib(after)}, and the configuration's queue needs {_mib(needed)}{failure}"
        )
    if after > before:
        return f"the data disk's file system grew from {_mib(before)} to {_mib(after)}"
    if is_larger and not failure:
        failure = f", no more than before (journalctl -u {UNIT} says why); the next boot tries again"
    return f"the data disk's file system has {_mib(after)}{failure}"


def _size(folder):
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize


def _mib(size):
    return f"{size // 2**20} MiB"
