"""Files in a folder that a service owns, for root: a service that was broken into may have put anything under their names."""

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO


def open_owned(folder: str, name: str) -> BinaryIO:
    """Opens `name` below `folder` for reading. Raises OSError when a link is on the way, or the file is not the owner's."""
    *folders, last = name.split(os.sep)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        owner = os.fstat(place).st_uid
        for step in folders:
            outer, place = place, os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(outer)
        # Not held up by a pipe.
        file = open(os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb")  # noqa: SIM115
    finally:
        os.close(place)
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_uid != owner:
        file.close()
        raise PermissionError(f"{os.path.join(folder, name)} is not a file of the owner of {folder}")
    return file


@contextlib.contextmanager
def acting_as_owner(folder: str) -> Iterator[None]:
    """What is done meanwhile is done with the rights of the folder's owner, who can then gain nothing from it."""
    owner = os.stat(folder)
    if os.geteuid() == owner.st_uid:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
