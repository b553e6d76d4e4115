"""Brings a copy of the broker's state back: sessions, queues, retained messages, accounts.

    restore-state list                       the copies in Blob storage, newest last, and the states kept on the disk
    restore-state put latest|NAME            puts a copy into force; NAME as `list` shows it, also of a kept state

The copy is downloaded, checked against the SHA-256 in its name, and judged, before anything is touched. Then the broker is
stopped, which saves its state; that state is kept beside, in `kept-TIME`, and the copy takes its place. The broker starts
again. When a step fails, the old state is put back. To undo a restore, put the kept state. The last two kept states stay, for
14 days at most.

What was queued since the copy was made is in the kept state only, and what was drained since is delivered a second time;
ingest knows a repeat. Runs as root.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import BinaryIO

from mqtt_saas import azure, durable, foreign, room, saved_state, state
from mqtt_saas.contract import BROKER, CURRENT, DATABASE, HASH, SETTINGS, STATE

# It would write accounts into the state that is being exchanged. It brings them up to date again afterwards.
SYNC = "registry-sync.service"
COPY = re.compile(rf"{state.prefix()}\d{{8}}T\d{{6}}Z-({HASH.pattern})\.tar\.gz")
# Enough to undo the last two; save-state removes them when they are old, or in the way of a save.
KEPT_STATES = 2
READY = "restore-"
RETRY: azure.Retry = {"attempts": int(os.environ.get("ATTEMPTS", "3")), "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}


class Refusal(Exception):
    """Why nothing was changed."""


def restore(options: argparse.Namespace) -> None:
    with open(options.settings, encoding="utf-8") as file:
        container = json.load(file)["backupUri"].rstrip("/")
    if options.action == "list":
        show(container, options.state)
    else:
        put(container, options.state, options.name)


def copies(container: str) -> list[azure.Blob]:
    """Names in order of time."""
    blobs = azure.blob_list(container, prefix=state.prefix(), **RETRY)
    return sorted((blob for blob in blobs if COPY.fullmatch(blob["name"])), key=lambda blob: blob["name"])


def show(container: str, folder: str) -> None:
    for name in room.kept(folder):
        print(f"{name:<100} on the disk")
    for blob in copies(container):
        print(f"{blob['name']:<100} {blob['size'] / 2**20:.1f} MiB")


def put(container: str, folder: str, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="restore-", dir="/var/tmp") as work:
        archive = None if room.KEPT.fullmatch(name) else fetch(container, name, work)
        # From here on with the rights of the broker's user, whose folder it is: root follows no name in it.
        with foreign.acting_as_owner(folder):
            # On the state's own disk, so that the last step is a rename.
            ready = tempfile.mkdtemp(prefix=READY, dir=folder)
            try:
                prepare(archive, os.path.join(folder, name), ready)
            except BaseException:
                room.remove(ready)
                raise
    aside = os.path.join(folder, f"kept-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}")
    systemctl("stop", SYNC, BROKER)
    try:
        exchange_and_start(folder, os.path.join(ready, "state"), aside)
    finally:
        with foreign.acting_as_owner(folder):
            room.remove(ready)
        systemctl("start", SYNC)
    with foreign.acting_as_owner(folder):
        for old in room.kept(folder)[:-KEPT_STATES]:
            room.remove(os.path.join(folder, old))
    print(f"restore-state: {name} is in force; the state before is kept in {aside}")


def fetch(container: str, name: str, work: str) -> BinaryIO:
    """A copy, opened, that hashes to what its name says."""
    if name == "latest":
        found = copies(container)
        if not found:
            raise Refusal(f"there is no copy in {container}")
        name = found[-1]["name"]
    match = COPY.fullmatch(name)
    if not match:
        raise Refusal(f"{name} is not the name of a copy; `restore-state list` shows them")
    archive = os.path.join(work, "archive")
    azure.blob_get_to_file(f"{container}/{name}", archive, **RETRY)
    if state.digest(archive) != match[1]:
        raise Refusal(f"{name} does not hash to what its name says; nothing was changed")
    return open(archive, "rb")


def prepare(archive: BinaryIO | None, source: str, ready: str) -> None:
    """Lays a state out in `ready`/state: an archive's, or a kept one. Raises Refusal when a broker could not read it."""
    place = os.path.join(ready, "state")
    if archive:
        try:
            with archive:
                state.unpack(archive, place)
        except (ValueError, EOFError, OSError) as error:
            raise Refusal(f"the copy cannot be unpacked: {error}; nothing was changed") from error
    elif os.path.isdir(source):
        shutil.copytree(source, place)
    else:
        raise Refusal(f"there is no {source}")
    why = saved_state.fault(os.path.join(place, DATABASE))
    if why:
        raise Refusal(f"its state is not whole: {why}; nothing was changed")
    durable.sync_tree(place)


def exchange_and_start(folder: str, ready: str, aside: str) -> None:
    """The state in `folder` into `aside`, that in `ready` into its place; when a step fails, everything is as before.

    What `ready` does not have stays: a copy from before the gate has no accounts for it.
    """
    done: list[tuple[str, str]] = []
    names = [name for name in state.FILES if os.path.exists(os.path.join(ready, name))]
    try:
        with foreign.acting_as_owner(folder):
            for source, target in [(folder, aside), (ready, folder)]:
                move(names, source, target, done)
        systemctl("start", BROKER)
    except (OSError, subprocess.CalledProcessError) as error:
        systemctl("stop", BROKER)
        with foreign.acting_as_owner(folder):
            for source, target in reversed(done):
                durable.rename(target, source)
            if os.path.isdir(aside):
                room.remove(aside)
        systemctl("start", BROKER)
        raise Refusal(f"{error}; the state before is in force again") from error


def move(names: list[str], source: str, target: str, done: list[tuple[str, str]]) -> None:
    """Moves files of a state, and notes each in `done`."""
    for name in names:
        pair = os.path.join(source, name), os.path.join(target, name)
        if os.path.exists(pair[0]):
            durable.make_folder(os.path.dirname(pair[1]), 0o700)
            durable.rename(*pair)
            done.append(pair)


def systemctl(verb: str, *units: str) -> None:
    subprocess.run(["systemctl", verb, *units], check=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=os.path.join(CURRENT, SETTINGS))
    parser.add_argument("--state", default=STATE)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list")
    actions.add_parser("put").add_argument("name")
    return parser.parse_args(arguments)


def main() -> None:
    try:
        restore(parse(sys.argv[1:]))
    except (Refusal, azure.AzureError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"restore-state: {error}")
