"""Folders that services write, for root: whose the files in there may be, and how root works there with their rights only.

A service that was broken into may have put anything under the names in its folder. See also foreign.py.
"""

import contextlib
import os
import pwd
from collections.abc import Iterator

from mqtt_saas.contract import USERS


def writers(folder: str) -> list[int]:
    """Numbers of the users whose files are in a folder: its own user, or in one of root's the services'."""
    owner = os.stat(folder).st_uid
    if owner != 0:
        return [owner]
    return [found.pw_uid for found in pwd.getpwall() if found.pw_name in USERS.values()]


@contextlib.contextmanager
def acting_as_owner(folder: str) -> Iterator[None]:
    """What is done meanwhile is done with the rights of the folder's user, or in one of root's of the broker's."""
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
