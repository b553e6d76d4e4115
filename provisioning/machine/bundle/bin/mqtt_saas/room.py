"""Room for a save on the data disk: looked at before each, and made where it is missing.

Mosquitto writes a state beside the former one, so a save takes as much room again as the state has. What can be done without
goes first; the reserve, a file that holds nothing, goes last and comes back when there is room for it.
"""

import datetime
import os
import re
import shutil
from collections.abc import Callable, Iterator

from mqtt_saas import durable
from mqtt_saas.contract import DAMAGED, FORMER_STATE, RESERVE

# What ext4 says of itself after an error with errors=remount-ro: the second from Linux 6.15 on.
READ_ONLY = {"ro", "emergency_ro"}
KEPT = re.compile(r"kept-(\d{8}T\d{6}Z)")
# As long as a copy is kept in Blob storage (the container's lifecycle rule), and a session lasts.
KEPT_DAYS = 14
DAY_SECONDS = 86_400
# The reserve until it is whole.
UNFINISHED = f"{RESERVE}.new"
# What may come in while a state is written, with the rest of its packets.
MARGIN_BYTES = 16 * 2**20


def needed(state_bytes: int) -> int:
    """For the next save: the queue may have grown by half since this one."""
    return state_bytes + state_bytes // 2 + MARGIN_BYTES


def make(folder: str, wanted: int, say: Callable[[str], None]) -> int:
    """Free bytes of the file system, after what can be done without was removed as far as `wanted` asks for it."""
    for path, what in _dispensable(folder):
        if free(folder) >= wanted:
            break
        if os.path.lexists(path):
            remove(path)
            say(f"removed {what}: the data disk is almost full")
    return free(folder)


def _dispensable(folder: str) -> Iterator[tuple[str, str]]:
    yield os.path.join(folder, UNFINISHED), "a reserve that was cut short"
    yield os.path.join(folder, DAMAGED), "a damaged state"
    for name in kept(folder):
        yield os.path.join(folder, name), f"{name}, the state before a restore"
    yield os.path.join(folder, FORMER_STATE), "the last whole save but one"
    yield os.path.join(folder, RESERVE), "the reserve"


def tidy(folder: str, now: float, say: Callable[[str], None]) -> None:
    """Removes kept states that are too old to be of use, and what a restore left that was cut short."""
    oldest = datetime.datetime.fromtimestamp(now, datetime.UTC) - datetime.timedelta(days=KEPT_DAYS)
    for name in kept(folder):
        made = datetime.datetime.strptime(name, "kept-%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        if made < oldest:
            remove(os.path.join(folder, name))
            say(f"removed {name}: the state before a restore is kept for {KEPT_DAYS} days")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith("restore-") and now - os.lstat(path).st_mtime > DAY_SECONDS:
            remove(path)
            say(f"removed {name}, which a restore left that was cut short")


def hold_reserve(folder: str, state_bytes: int, part: float) -> None:
    """Makes the reserve, this part of the file system, when that leaves room for two saves. Part 0: none."""
    path = os.path.join(folder, RESERVE)
    found = os.statvfs(folder)
    size = int(found.f_blocks * found.f_frsize * part)
    if size == 0 or os.path.exists(path) or free(folder) < size + 2 * needed(state_bytes):
        return
    beside = os.path.join(folder, UNFINISHED)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    durable.rename(beside, path)


def kept(folder: str) -> list[str]:
    """States that restores kept, oldest first."""
    return sorted(name for name in os.listdir(folder) if KEPT.fullmatch(name))


def remove(path: str) -> None:
    """A file or a folder; a link, never what it names."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        durable.remove(path)


def free(folder: str) -> int:
    """Bytes that an ordinary user may still write."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def is_read_only(folder: str) -> bool:
    """Of the file system itself: a sandbox may see a part of it read-only that is not."""
    number = os.stat(folder).st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        # proc_pid_mountinfo(5): the third field is the device, the last the options of the file system.
        mounts = [line.split() for line in file]
    return any(fields[2] == device and not READ_ONLY.isdisjoint(fields[-1].split(",")) for fields in mounts)
