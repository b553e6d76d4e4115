"""The data disk: its file system grows with it, and a queue that it has no room for is refused."""

import os
import subprocess
import time

from mqtt_saas import release
from mqtt_saas.contract import STATE

UNIT = "grow-data-disk.service"
# Azure's disks show a new size within ten minutes ("Expand virtual hard disks on a Linux VM").
ATTEMPTS = 40


class TooSmall(OSError):
    """The file system has less than a full queue takes, and why it is not larger."""


def make_room(folder: str, old: str | None = None, pause: float = 15) -> str:
    """Grows the file system to its disk, and says so. Raises TooSmall when a release's queue would not fit even then.

    Where a release is of a larger disk than the `old` one, the disk's new size is waited for. If it does not grow, a release
    that still fits is accepted.
    """
    before = _size(STATE)
    wanted = release.settings(folder).get("dataDiskGb", 0)
    is_larger = old is not None and wanted > release.settings(old).get("dataDiskGb", wanted)
    for left in reversed(range(ATTEMPTS if is_larger else 1)):
        # It makes the kernel look at the disk's size again.
        result = subprocess.run(["systemctl", "start", UNIT], capture_output=True, text=True, errors="replace")
        disk = _disk_size(STATE)
        if left == 0 or disk is None or disk >= wanted * 2**30:
            break
        time.sleep(pause)
    after = _size(STATE)
    failure = "" if result.returncode == 0 else f" (it did not grow: {' '.join(result.stderr.split())[-300:]})"
    needed = release.settings(folder).get("stateBytes", 0)
    if after < needed:
        raise TooSmall(
            f"the data disk's file system has {_mib(after)}, and the configuration's queue needs {_mib(needed)}{failure}"
        )
    if after > before:
        return f"the data disk's file system grew from {_mib(before)} to {_mib(after)}"
    if is_larger and disk is not None and disk < wanted * 2**30:
        failure += f"; its disk still shows {_mib(disk)} of {_mib(wanted * 2**30)}, and the next boot looks again"
    return f"the data disk's file system has {_mib(after)}{failure}"


def _size(folder: str) -> int:
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize


def _disk_size(folder: str) -> int | None:
    """Of the block device that the folder's file system lies on; None when it lies on none."""
    number = os.stat(folder).st_dev
    try:
        # In sectors of 512 bytes, whatever the device's own are (sysfs-block in the kernel's documentation).
        with open(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/size", encoding="ascii") as file:
            return int(file.read()) * 512
    except FileNotFoundError:
        return None


def _mib(size: int) -> str:
    return f"{size // 2**20} MiB"
