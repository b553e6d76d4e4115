"""The data disk: its file system grows with it, and a queue that it has no room for is refused."""

import os
import subprocess

import release

UNIT = "grow-data-disk.service"
STATE = "/var/lib/mosquitto"


class TooSmall(OSError):
    """The file system has less than a full queue takes, and why it is not larger."""


def make_room(folder, state=STATE):
    """Grows the file system to its disk, and says so. Raises TooSmall when a release's queue would not fit even then.

    That it cannot grow is no reason to refuse a release that fits all the same.
    """
    before = _size(state)
    result = subprocess.run(["systemctl", "start", UNIT], capture_output=True, text=True, errors="replace")
    after = _size(state)
    failure = "" if result.returncode == 0 else f" (it did not grow: {' '.join(result.stderr.split())[-300:]})"
    needed = release.settings(folder).get("stateBytes", 0)
    if after < needed:
        raise TooSmall(
            f"the data disk's file system has {_mib(after)}, and the configuration's queue needs {_mib(needed)}{failure}"
        )
    if after > before:
        return f"the data disk's file system grew from {_mib(before)} to {_mib(after)}"
    return f"the data disk's file system has {_mib(after)}{failure}"


def _size(folder):
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize


def _mib(size):
    return f"{size // 2**20} MiB"
