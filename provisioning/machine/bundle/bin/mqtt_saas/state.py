"""The broker's state: saving it, and the archive a copy of it is."""

import gzip
import hashlib
import os
import shutil
import signal
import socket
import tarfile
import time
from typing import BinaryIO

from mqtt_saas import durable, foreign
from mqtt_saas.contract import ACCOUNTS, DATABASE, REGISTRY, STATE, WHOLE

# What a copy holds, below the state folder, in this order. Certificates and their keys lie beside and are not copied:
# new ones are obtained. Passwords are hashes.
FILES = [DATABASE, os.path.join(os.path.relpath(ACCOUNTS, STATE), REGISTRY)]
# What a copy holds that was made before the broker had its gate. Its accounts are not used: those of now stay.
FORMER_FILES = [DATABASE, *(os.path.join(os.path.relpath(ACCOUNTS, STATE), name) for name in ("passwords", "acl"))]


def prefix() -> str:
    """How the names of this machine's copies begin. A standby's lie in the same container, and are another broker's."""
    return "state-standby-" if socket.gethostname().endswith("-standby") else "state-"


def save(pid: int, database: str, patience: float, look_every: float = 0.05) -> float | None:
    """Makes the broker save, and waits. Seconds it took, at most `look_every` too many; None when it did not save.

    A save is complete when a new file has taken the database's name: Mosquitto writes beside, flushes to the disk and
    renames. The broker serves nobody from the signal to the rename.
    """
    before = identity(database)
    started = time.monotonic()
    try:
        os.kill(pid, signal.SIGUSR1)
    except ProcessLookupError:
        return None
    while identity(database) == before:
        if time.monotonic() - started > patience or not os.path.exists(f"/proc/{pid}"):
            return None
        time.sleep(look_every)
    # Mosquitto flushes the file, not the folder: until that is on the disk, a power cut brings the former file back.
    durable.sync(os.path.dirname(database))
    return time.monotonic() - started


def identity(path: str) -> tuple[int, int] | None:
    """Changes whenever a file is replaced or rewritten; None when there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def pack(folder: str, archive: str) -> str:
    """Writes a copy of the last whole save in `folder`, and of the accounts, to `archive` (gzip'd tar, 0600). Its SHA-256."""
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # Level 1: the machine has a tenth of a core, and JSON shrinks well at any level.
    with open(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
        for name in FILES:
            # Opened once: a save that comes meanwhile replaces the name, and this goes on with the whole old file.
            source = WHOLE if name == DATABASE else name
            with foreign.opened(folder, source, *foreign.writers(folder)) as found, open(found, "rb", closefd=False) as content:
                member = tar.gettarinfo(arcname=name, fileobj=content)
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                member.mode = 0o600
                tar.addfile(member, content)
    return digest(archive)


def unpack(archive: BinaryIO, folder: str) -> None:
    """Unpacks a copy into a new `folder` (0700). Raises ValueError when it is not a copy of a broker's state."""
    os.mkdir(folder, 0o700)
    with gzip.open(archive) as plain, tarfile.open(fileobj=plain) as tar:
        members = tar.getmembers()
        names = [member.name for member in members]
        if names not in (FILES, FORMER_FILES) or not all(member.isfile() for member in members):
            raise ValueError(f"the archive does not hold exactly {', '.join(FILES)}")
        for member in (member for member in members if member.name in FILES):
            path = os.path.join(folder, member.name)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                source = tar.extractfile(member)
                assert source is not None, "a regular file has content"
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())


def digest(path: str) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
