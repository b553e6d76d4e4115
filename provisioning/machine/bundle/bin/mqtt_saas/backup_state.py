"""Copies the broker's state to Blob storage: sessions, queues, retained messages and the last good accounts.

    backup-state [--settings FILE] [--state FOLDER] [--metrics FILE] [--patience SECONDS]

Every copy is one blob, `state-TIME-SHA256.tar.gz` (of a standby, `state-standby-TIME-SHA256.tar.gz`): its own name says when
it was made and what it must hash to. Old ones are removed by the container's lifecycle rule; this program cannot delete.
restore-state brings one back, and each copy is drilled: it is fetched, checked, unpacked and judged as restore-state would.

The broker saves its state every few seconds, and save-state keeps what it judged whole; this waits for the next whole save
and copies that file, without stopping or signalling the broker. Before each copy, rehearse-state has a throw-away broker read
the state. Runs as root, which alone reaches the metadata service.
"""

import argparse
import datetime
import json
import os
import sys
import tempfile
import time

from mqtt_saas import azure, figures, restore_state, state
from mqtt_saas.contract import CURRENT, METRICS, SETTINGS, STATE, WHOLE

RETRY: azure.Retry = {"attempts": int(os.environ.get("ATTEMPTS", "5")), "pause": float(os.environ.get("PAUSE_SECONDS", "10"))}


PREFIX = "mqtt_saas_broker_backup"


class NoSave(Exception):
    """There is nothing new to copy."""


class NotArrived(Exception):
    """What was sent is not what lies there."""


# By what ended it.
REASONS: dict[type[Exception], str] = {
    NoSave: "no_save",
    azure.AzureError: "storage",
    NotArrived: "storage",
    OSError: "machine",
}


def back_up(options: argparse.Namespace) -> None:
    with open(options.settings, encoding="utf-8") as file:
        container = json.load(file)["backupUri"].rstrip("/")
    whole = os.path.join(options.state, WHOLE)
    if not wait_for_save(whole, options.patience):
        raise NoSave(f"the broker has not saved a whole state within {options.patience:g} s; is save-state running?")
    saved = os.lstat(whole).st_mtime
    with tempfile.TemporaryDirectory(prefix="backup-", dir=options.work) as folder:
        archive = os.path.join(folder, "state.tar.gz")
        checksum = state.pack(options.state, archive)
        size = os.path.getsize(archive)
        moment = datetime.datetime.fromtimestamp(saved, datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{state.prefix()}{moment}-{checksum}.tar.gz"
        azure.blob_put_file(f"{container}/{name}", archive, **RETRY)
        # Its room is needed for what comes back.
        os.remove(archive)
        drill(container, name, folder)
    values = {"timestamp_seconds": round(saved), "bytes": size, **failing(None)}
    figures.update(options.metrics, PREFIX, values)
    print(f"backup-state: {name} ({size} bytes)")


def drill(container: str, name: str, folder: str) -> None:
    """Does with the copy, as it is stored, what a restore does before it changes anything. Raises NotArrived."""
    try:
        restore_state.prepare(restore_state.fetch(container, name, folder), "", folder)
    except restore_state.Refusal as error:
        raise NotArrived(f"{name} was stored, and is of no use: {error}") from error


def failing(reason: str | None) -> dict[str, int]:
    return {f'failing{{reason="{name}"}}': int(name == reason) for name in dict.fromkeys(REASONS.values())}


def wait_for_save(whole: str, patience: float) -> bool:
    """True when a newer whole save came since the call began."""
    before = state.identity(whole)
    for _ in range(max(1, round(patience / 0.2))):
        if state.identity(whole) != before:
            return True
        time.sleep(0.2)
    return False


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", default=os.path.join(CURRENT, SETTINGS))
    parser.add_argument("--state", default=STATE)
    parser.add_argument("--work", default="/var/tmp", help="where the archive is made (default: %(default)s)")
    parser.add_argument("--metrics", default=os.path.join(METRICS, "backup-state/broker-backup.prom"))
    # A save of a full queue takes half a minute on a small disk, and the next one comes ten times later.
    parser.add_argument("--patience", type=float, default=600.0, help="seconds (default: %(default)s)")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        back_up(options)
    except tuple(REASONS) as error:
        reason = next(name for kind, name in REASONS.items() if isinstance(error, kind))
        figures.update(
            options.metrics, PREFIX, {**failing(reason), f'failure_timestamp_seconds{{reason="{reason}"}}': time.time()}
        )
        sys.exit(f"backup-state: {error}")
