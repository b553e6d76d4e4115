"""Bundles on this machine: fetched by their hash, unpacked beside the one in force. Part of the first boot's files too."""

import hashlib
import json
import os
import shutil
import tarfile
from typing import Any, Unpack

from mqtt_saas import azure, durable
from mqtt_saas.contract import CURRENT, HASH, POINTERS, RELEASES, SETTINGS

Settings = dict[str, Any]


class Refused(Exception):
    """A bundle that must not go into force, and why."""


def settings(release: str = CURRENT) -> Settings:
    """What a bundle tells its programs about their environment: settings.ts."""
    with open(os.path.join(release, SETTINGS), encoding="utf-8") as file:
        found: Settings = json.load(file)
        return found


def in_force() -> str | None:
    """Folder of the bundle in force; None when there is none yet. The bootstrap of the first boot is no release."""
    target = os.path.realpath(CURRENT)
    return target if os.path.dirname(target) == os.path.realpath(RELEASES) and os.path.isdir(target) else None


def wanted(container: str, **retry: Unpack[azure.Retry]) -> str:
    """The hash a pointer names. Raises azure.AzureError, also when none names one."""
    text = _pointer(container, **retry).decode("ascii", "replace").strip()
    if not HASH.fullmatch(text):
        raise azure.AzureError(f"{container}/{POINTERS[0]} does not hold the hash of a bundle")
    return text


def _pointer(container: str, **retry: Unpack[azure.Retry]) -> bytes:
    # A deployment replaces the two one after the other; while it does, one may be missing.
    first, second = (f"{container}/{name}" for name in POINTERS)
    try:
        return azure.blob_get(first, **retry)
    except azure.AzureError as missing:
        # A machine that has a bundle keeps it: the copy may name another one, older or newer.
        if missing.status != 404 or in_force():
            raise
        try:
            return azure.blob_get(second, **retry)
        except azure.AzureError as error:
            # Of two that are missing, the first one's name says more.
            raise (missing if error.status == 404 else error) from None


def fetch(container: str, digest: str, **retry: Unpack[azure.Retry]) -> str:
    """Folder of a bundle, unpacked; fetched unless it is here. Raises azure.AzureError or Refused."""
    folder = os.path.join(RELEASES, digest)
    if os.path.isdir(folder):
        return folder
    durable.make_folder(RELEASES)
    archive, beside = f"{folder}.tgz", f"{folder}.new"
    try:
        azure.blob_get_to_file(f"{container}/{digest}.tgz", archive, **retry)
        with open(archive, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != digest:
            raise Refused(f"the bundle is corrupted: its SHA-256 is {found}")
        shutil.rmtree(beside, ignore_errors=True)
        _unpack(archive, beside)
        # In one step: a folder of this name is whole.
        durable.sync_tree(beside)
        durable.rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if os.path.exists(archive):
            os.remove(archive)
    return folder


def _unpack(archive: str, folder: str) -> None:
    """Files only, below the folder only, with the modes 0755 and 0644 only."""
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
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refused(f"the bundle cannot be unpacked: {error}") from None
