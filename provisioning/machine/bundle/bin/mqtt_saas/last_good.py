"""The last secrets and certificate that were good, so that a boot needs neither the vault nor the network.

On the system disk, root's alone, and not on the data disk, which is copied and outlives machines. Who can read them there
can be root on the machine by other ways (docs/machine.md says what was weighed).
"""

import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Iterator

from mqtt_saas import contract, durable

# The environment variable is for tests, which have it elsewhere.
FOLDER = os.environ.get("LAST_GOOD", contract.LAST_GOOD)


def keep(name: str, files: dict[str, str]) -> None:
    """Texts by file name. What goes wrong is said, and stops nothing."""
    try:
        if recall(name) == files:
            return
        durable.make_folder(FOLDER, 0o700)
        with _turn():
            durable.write(_path(name), json.dumps(files))
    except OSError as error:
        print(f"last-good: {name} cannot be kept for the next boot: {error}", file=sys.stderr)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """One at a time: each takes away what another has half written."""
    folder = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def recall(name: str) -> dict[str, str] | None:
    """What was kept; None when there is nothing that can be used."""
    try:
        with open(_path(name), encoding="utf-8") as file:
            found: dict[str, str] = json.load(file)
            return found
    except (OSError, ValueError):
        return None


def _path(name: str) -> str:
    return os.path.join(FOLDER, f"{name}.json")
