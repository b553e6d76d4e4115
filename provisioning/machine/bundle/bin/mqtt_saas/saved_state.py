"""Saved states: whether a file is a whole one, the last whole ones kept beside it, and the one a start takes.

Mosquitto renames what it wrote over the state, and takes no notice when the disk had no room for it: a small state becomes
a file of 0 bytes, a larger one ends in the middle. So a save counts only when it was judged here. Keeping one costs no copy:
it is another name for the same file, which Mosquitto never writes again.
"""

import contextlib
import mmap
import os
import shutil
import struct

from mqtt_saas import durable
from mqtt_saas.contract import DAMAGED, DATABASE, FORMER_STATE, WHOLE

# persist.h of Mosquitto 2.0: magic, a checksum that is not used, version; then chunks of kind, length and content, up to the
# end of the file. The first holds the configuration.
MAGIC = b"\x00\xb5\x00mosquitto db"
HEADER = struct.Struct("!15sII")
CHUNK = struct.Struct("!II")
CONFIGURATION, LAST_KIND = 1, 6
VERSION = 6


class NoState(Exception):
    """There was a state, and none that a broker can start from is left."""


def fault(path: str) -> str | None:
    """Why a file is not a whole state; None when it is one. Raises OSError when it cannot be read."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < HEADER.size + CHUNK.size:
            return f"it has only {size} bytes"
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _fault(data, size)


def _fault(data: mmap.mmap, size: int) -> str | None:
    magic, _, version = HEADER.unpack_from(data)
    if magic != MAGIC:
        return "it does not begin as a state of Mosquitto's"
    if version != VERSION:
        # Of a newer Mosquitto, which alone can read it.
        return None if version > VERSION else f"it is of version {version}, which these brokers do not write"
    unpack, end, at = CHUNK.unpack_from, size - CHUNK.size, HEADER.size
    if unpack(data, at)[0] != CONFIGURATION:
        return "it does not begin with the broker's configuration"
    while at <= end:
        kind, length = unpack(data, at)
        if not 0 < kind <= LAST_KIND:
            return f"it has a part of an unknown kind at byte {at}"
        at += CHUNK.size + length
    return None if at == size else f"it ends in the middle of a part, at byte {size}"


def keep(folder: str) -> str | None:
    """Judges the state as it was saved last, and keeps it when it is whole. Why it is not whole, else None."""
    database, whole, former = (os.path.join(folder, name) for name in (DATABASE, WHOLE, FORMER_STATE))
    if _is_same(database, whole):
        return None
    # First a name of its own, so that what is judged is what is kept: the broker may save meanwhile.
    judged, second = f"{whole}.new", f"{former}.new"
    for name in (judged, second):
        _forget(name)
    os.link(database, judged)
    try:
        why = fault(judged)
        if why is None:
            # The last whole one keeps its name until it is replaced: a copy or a rehearsal may begin at any moment.
            with contextlib.suppress(FileNotFoundError):
                os.link(whole, second)
                os.replace(second, former)
            durable.rename(judged, whole)
        return why
    finally:
        for name in (judged, second):
            _forget(name)


def choose(folder: str) -> str | None:
    """Before a start: sees to it that the state is a whole one. What was done about it, None when it is whole already or
    there never was one. Raises NoState.
    """
    database = os.path.join(folder, DATABASE)
    names = (DATABASE, WHOLE, FORMER_STATE)
    faults = {name: _why_not(os.path.join(folder, name)) for name in names}
    versions = {name: _version(os.path.join(folder, name)) for name, why in faults.items() if why is None}
    # A wrong bit can make a version newer, never an older one that is accepted: so of whole saves the oldest version counts.
    # After an upgrade to a newer version its first save is therefore passed over, until a second one stands beside it.
    good = next((name for name, version in versions.items() if version == min(versions.values())), None)
    if good == DATABASE or not any(os.path.exists(os.path.join(folder, name)) for name in names):
        return None
    why = faults[DATABASE] or f"it is of version {versions[DATABASE]}, and an earlier save is not"
    if good is None:
        raise NoState(f"{database} cannot be used ({why}), and no whole state is kept beside it")
    if os.path.exists(database):
        durable.rename(database, os.path.join(folder, DAMAGED))
    os.link(os.path.join(folder, good), database)
    durable.sync(folder)
    return f"{database} cannot be used ({why}); the broker starts from the last whole save, {good}"


def take_rescued(rescue: str, folder: str) -> str | None:
    """What the broker saved on the system disk, when the data disk took no writes, is the newest state. What was done about it,
    None when there is none."""
    path = os.path.join(rescue, DATABASE)
    if not os.path.exists(path):
        return None
    why = _why_not(path)
    if why:
        return f"{path} cannot be used ({why}) and is left where it is"
    beside = os.path.join(folder, f"{DATABASE}.rescued")
    with open(path, "rb") as source, open(beside, "wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    durable.rename(beside, os.path.join(folder, DATABASE))
    os.remove(path)
    return "the broker starts from what it saved on the system disk"


def _version(path: str) -> int:
    with open(path, "rb") as file:
        version: int = HEADER.unpack(file.read(HEADER.size))[2]
    return version


def _why_not(path: str) -> str | None:
    try:
        return fault(path)
    except OSError as error:
        return error.strerror or str(error)


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except FileNotFoundError:
        return False


def _forget(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
