"""What root reads and makes in a folder that a service's user writes, without trusting a name in it.

A service that was broken into can put a link, a FIFO or another's file under any name in its folder, at any moment. So each
step here opens one name in a folder that is open already, follows no link, and looks at what it opened: kind, owner and
size. Nothing is looked up a second time. What takes more steps is done with the rights of the folder's user only.
"""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mqtt_saas.contract import USERS

# Certbot's largest file is a chain of some certificates. Bytes.
SMALL = 256 * 1024


class Untrusted(OSError):
    """A name that is not the file it should be. Says what was found, never its content."""


@contextmanager
def opened(folder: str, name: str, *owners: int, limit: int | None = None) -> Iterator[int]:
    """The descriptor of a regular file, open for reading. `name` may have folders in it.

    owners: whose it may be; by default `folder`'s own user. Folders on the way may be `folder`'s user's too. limit: bytes.
    Raises Untrusted, or FileNotFoundError.
    """
    with _walked(folder, name, owners) as (place, last, allowed):
        # A FIFO would wait for a writer.
        descriptor = _open(last, os.O_NONBLOCK, place, os.path.join(folder, name))
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise Untrusted(f"{folder}/{name} is not a regular file; remove it")
            if found.st_uid not in allowed:
                raise Untrusted(f"{folder}/{name} belongs to user {found.st_uid}; remove it")
            if limit is not None and found.st_size > limit:
                raise Untrusted(f"{folder}/{name} has {found.st_size} bytes, more than {limit}; remove it")
            yield descriptor
        finally:
            os.close(descriptor)


def read_text(folder: str, name: str, *owners: int, limit: int = SMALL) -> str:
    """A small ASCII file's text. Raises Untrusted also when it is none."""
    with opened(folder, name, *owners, limit=limit) as descriptor, open(descriptor, "rb", closefd=False) as file:
        # It may grow meanwhile.
        data = file.read(limit + 1)
    if len(data) > limit or not data.isascii():
        raise Untrusted(f"{folder}/{name} is not an ASCII text of at most {limit} bytes; remove it")
    return data.decode("ascii")


def link_target(folder: str, name: str) -> str | None:
    """Where a link points; None for anything else. The target is the caller's to judge."""
    with _walked(folder, name, ()) as (place, last, _):
        try:
            return os.readlink(last, dir_fd=place)
        except OSError:
            return None


def make_folder(path: str, uid: int, gid: int, mode: int) -> None:
    """Makes a folder, or gives one that is there, to a user: it only, not what is in it. Its parent is root's to change.

    Raises Untrusted when something else has the name.
    """
    parent, name = os.path.split(path)
    with _walked(parent, name, ()) as (place, last, _):
        with suppress(FileExistsError):
            os.mkdir(last, 0o700, dir_fd=place)
        descriptor = _open(last, os.O_DIRECTORY, place, path)
        try:
            found = os.fstat(descriptor)
            if (found.st_uid, found.st_gid) != (uid, gid):
                os.fchown(descriptor, uid, gid)
            # After the owner: a change of it may take the set-group-id bit away.
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)


def give(path: str, uid: int, gid: int, mode: int | None = None) -> None:
    """Everything in a folder gets this owner, its regular files this mode; links themselves, not what they point to."""
    for _, folders, names, descriptor in os.fwalk(path, follow_symlinks=False):
        for name in [*folders, *names]:
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if (found.st_uid, found.st_gid) != (uid, gid):
                os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
            if mode is not None and stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != mode:
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
                try:
                    if stat.S_ISREG(os.fstat(file).st_mode):
                        os.fchmod(file, mode)
                finally:
                    os.close(file)


def writers(folder: str) -> list[int]:
    """Numbers of the users whose files are in a folder: its own user, or in a folder of root's the services' users."""
    owner = os.stat(folder).st_uid
    if owner != 0:
        return [owner]
    return [found.pw_uid for found in pwd.getpwall() if found.pw_name in USERS.values()]


@contextmanager
def acting_as_owner(folder: str) -> Iterator[None]:
    """What is done meanwhile is done with the rights of the folder's user, or in a folder of root's with the broker's."""
    owner = os.stat(folder)
    uid, gid = owner.st_uid, owner.st_gid
    if uid == 0 and os.geteuid() == 0:
        broker = pwd.getpwnam(USERS["broker"])
        uid, gid = broker.pw_uid, broker.pw_gid
    if os.geteuid() == uid:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextmanager
def _walked(folder: str, name: str, owners: tuple[int, ...]) -> Iterator[tuple[int, str, set[int]]]:
    """(the folder that the last part of `name` is in, that part, whose it may be)."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        own = os.fstat(place).st_uid
        *folders, last = name.split("/")
        for part in folders:
            inner = _open(part, os.O_DIRECTORY, place, os.path.join(folder, name))
            os.close(place)
            place = inner
            if os.fstat(place).st_uid not in {own, *owners}:
                raise Untrusted(f"{folder}/{name}: {part} belongs to user {os.fstat(place).st_uid}; remove it")
        yield place, last, set(owners) or {own}
    finally:
        os.close(place)


def _open(name: str, flags: int, place: int, path: str) -> int:
    if name in ("", ".", ".."):
        raise Untrusted(f"{path} leaves its folder")
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=place)
    except FileNotFoundError:
        raise
    except OSError as error:
        # ELOOP or ENOTDIR for a link, ENXIO for a socket.
        raise Untrusted(f"{path}: {name} is not what it should be ({error.strerror}); remove it") from None
