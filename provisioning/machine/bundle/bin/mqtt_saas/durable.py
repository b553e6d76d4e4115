"""Puts files into force to stay: after a power cut the old one is there or the new one, whole.

A rename alone does not see to that. The file system may note the new name seconds before it writes the content, and then
leaves an empty file under it. So whatever is given a name is synced before, and its folder after. A name in use is never
written through: what is made beside it is new, and no link is followed.
"""

import contextlib
import os


def write(path: str, content: str | bytes, mode: int = 0o600, group: int = -1) -> None:
    """Puts a file in place of what was there. `group` -1: the process' own."""
    data = content.encode() if isinstance(content, str) else content
    beside = _free(path)
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            # registry-sync's sandbox forbids the call as such.
            if group != -1:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rename(beside, path)
    except OSError:
        # A full disk must not stay full of what nobody reads.
        with contextlib.suppress(FileNotFoundError):
            os.remove(beside)
        raise


def copy(source: str, path: str, mode: int) -> None:
    with open(source, "rb") as file:
        write(path, file.read(), mode)


def link(target: str, path: str) -> None:
    """Makes `path` a symbolic link to what is synced already."""
    beside = _free(path)
    os.symlink(target, beside)
    rename(beside, path)


def rename(source: str, target: str) -> None:
    """Gives what is synced already another name, in place of what had it."""
    os.replace(source, target)
    for folder in dict.fromkeys(map(_folder, (target, source))):
        sync(folder)


def remove(path: str) -> None:
    os.remove(path)
    sync(_folder(path))


def make_folder(path: str, mode: int = 0o755) -> None:
    """With those above it that are missing."""
    if os.path.isdir(path):
        return
    make_folder(_folder(path), mode)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode)
    sync(_folder(path))


def sync_tree(folder: str) -> None:
    """Everything below a folder, and the folder."""
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            if not os.path.islink(os.path.join(where, name)):
                sync(os.path.join(where, name))
        sync(where)


def sync(path: str) -> None:
    """A file or a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free(path: str) -> str:
    """A name beside `path`, free of what an attempt left there that was cut short."""
    beside = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.remove(beside)
    return beside


def _folder(path: str) -> str:
    return os.path.dirname(path) or "."
