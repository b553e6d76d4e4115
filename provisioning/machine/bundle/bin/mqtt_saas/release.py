"""Bundles on this machine: fetched by their hash, unpacked beside the one in force, and whole or not here at all.

Part of the first boot's files too.
"""

import hashlib
import json
import os
import shutil
import tarfile
from typing import Any, Unpack

from mqtt_saas import azure, durable
from mqtt_saas.contract import CURRENT, EXPLICIT, FORMER, HASH, MANIFEST, POINTERS, RELEASES, SETTINGS

Settings = dict[str, Any]
# The hash that the pointer names, and when it was changed last, in Azure's words. Two empty texts: there was no pointer.
Pointer = list[str]


class Refused(Exception):
    """A bundle that must not go into force, and why."""


def settings(release: str = CURRENT) -> Settings:
    """What a bundle tells its programs about their environment: settings.ts."""
    with open(os.path.join(release, SETTINGS), encoding="utf-8") as file:
        found: Settings = json.load(file)
        return found


def flaw(release: str) -> str | None:
    """Why a release is not whole, which is: as it was packed. None for one that is."""
    try:
        with open(os.path.join(release, MANIFEST), encoding="ascii") as file:
            packed = {path: digest for digest, path in (line.rstrip("\n").split("  ", 1) for line in file)}
        found = {os.path.relpath(path, release): path for path in files(release)}
        del found[MANIFEST]
        if not packed:
            return f"{MANIFEST} is empty"
        for name in sorted(packed.keys() | found.keys()):
            if name not in found:
                return f"{name} is missing"
            if name not in packed:
                return f"{name} does not belong to it"
            with open(found[name], "rb") as file:
                content = file.read()
            if hashlib.sha256(content).hexdigest() != packed[name]:
                return f"{name} is not what was packed"
            if name.startswith("bin/") and content.startswith(b"#!") and not os.access(found[name], os.X_OK):
                return f"{name} may not be executed"
    except (OSError, ValueError) as error:
        return str(error)
    return None


def in_force() -> str | None:
    """Folder of the release in force; None when there is none yet, or it is not whole. The first boot's files are none."""
    folder = linked(CURRENT)
    return folder if folder and flaw(folder) is None else None


def former() -> str | None:
    """Folder of the release that was in force before, as long as it is whole."""
    folder = linked(FORMER)
    return folder if folder and flaw(folder) is None else None


def linked(link: str) -> str | None:
    """The release, whole or not, that a link names."""
    target = os.path.realpath(link)
    return target if os.path.dirname(target) == os.path.realpath(RELEASES) else None


def note_explicit(digest: str, seen: Pointer | None) -> None:
    """Remembers that this release was put into force explicitly, and the pointer of then; None: it could not be read."""
    durable.write(EXPLICIT, json.dumps({"release": digest, "pointer": seen}), 0o644)


def wanted(container: str, **retry: Unpack[azure.Retry]) -> str:
    """The hash of the release to boot with: the pointer's, or the one that was put into force explicitly since the pointer
    was changed last. Raises azure.AzureError, also when no pointer names one."""
    seen = pointer(container, **retry)
    try:
        with open(EXPLICIT, encoding="utf-8") as file:
            explicit = json.load(file)
        if HASH.fullmatch(explicit["release"]) and explicit["pointer"] in (None, seen):
            return str(explicit["release"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"broker-apply: {EXPLICIT} cannot be used ({type(error).__name__}); the pointer counts", flush=True)
    if not HASH.fullmatch(seen[0]):
        raise azure.AzureError(f"{container}/{POINTERS[0]} does not hold the hash of a bundle")
    return seen[0]


def pointer(container: str, **retry: Unpack[azure.Retry]) -> Pointer:
    """Raises azure.AzureError."""
    # A deployment replaces the two one after the other; while it does, one may be missing.
    first, second = (f"{container}/{name}" for name in POINTERS)
    try:
        content, changed = azure.blob_get_dated(first, **retry)
    except azure.AzureError as missing:
        # A machine that has a bundle keeps it: the copy may name another one, older or newer.
        if missing.status != 404 or in_force():
            raise
        try:
            content, changed = azure.blob_get_dated(second, **retry)
        except azure.AzureError as error:
            # Of two that are missing, the first one's name says more.
            raise (missing if error.status == 404 else error) from None
    return [content.decode("ascii", "replace").strip(), changed]


def fetch(container: str, digest: str, **retry: Unpack[azure.Retry]) -> str:
    """Folder of a bundle, unpacked; fetched unless it is here, whole. Raises azure.AzureError or Refused."""
    folder = os.path.join(RELEASES, digest)
    if flaw(folder) is None:
        return folder
    durable.make_folder(RELEASES)
    archive, beside, broken = f"{folder}.tgz", f"{folder}.new", f"{folder}.broken"
    try:
        azure.blob_get_to_file(f"{container}/{digest}.tgz", archive, **retry)
        with open(archive, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != digest:
            raise Refused(f"the bundle is corrupted: its SHA-256 is {found}")
        shutil.rmtree(beside, ignore_errors=True)
        _unpack(archive, beside)
        reason = flaw(beside)
        if reason:
            raise Refused(f"the bundle is not as its {MANIFEST} says: {reason}")
        durable.sync_tree(beside)
        shutil.rmtree(broken, ignore_errors=True)
        if os.path.lexists(folder):
            durable.rename(folder, broken)
        durable.rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(broken, ignore_errors=True)
        if os.path.exists(archive):
            os.remove(archive)
    return folder


def _unpack(archive: str, folder: str) -> None:
    """Files only, below the folder only, with the modes 0755 and 0644 only."""
    packed: list[str] = []
    try:
        with tarfile.open(archive, "r:gz") as bundle:
            for member in bundle:
                path = os.path.normpath(os.path.join(folder, member.name))
                if not member.isfile() or not path.startswith(f"{folder}/"):
                    raise Refused(f"the bundle holds {member.name}, which is not a file below its folder")
                os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
                content = bundle.extractfile(member)
                assert content is not None, "a regular file has content"
                with open(path, "wb") as file:
                    shutil.copyfileobj(content, file)
                os.chmod(path, 0o755 if member.mode & 0o100 else 0o644)
                with open(path, "rb") as file:
                    packed.append(f"{hashlib.sha256(file.read()).hexdigest()}  {os.path.relpath(path, folder)}\n")
        # A bundle older than manifests; its archive was compared with its hash.
        if not os.path.exists(os.path.join(folder, MANIFEST)):
            durable.write(os.path.join(folder, MANIFEST), "".join(packed), 0o644)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refused(f"the bundle cannot be unpacked: {error}") from None


def files(folder: str) -> list[str]:
    """Paths of all files below a folder, sorted."""
    return sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)
