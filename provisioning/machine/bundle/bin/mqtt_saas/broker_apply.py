"""Puts a configuration bundle into force on the broker machine, or leaves the one that is in force.

    broker-apply [--from CONTAINER_URL] SHA256   the bundle of this hash (what a deployment runs)
    broker-apply --boot                          the one the container's pointer names (what every boot runs), or the one
                                                 that was put into force by its hash since the pointer was changed last

Fetches the bundle and compares its hash; the rest is activate-release's, of the bundle in force: what is proven judges
what is new. When the one in force is not whole any more, it is fetched again, and until that succeeds the former one
serves. Run again it changes nothing. Ends with the line IN FORCE: SHA256, read back, or that bundle is not in force.

Exit: 0 in force. 1 refused, the old one is live. 2 wrong usage. 3 refused, and the old one could not be brought back: a
person is needed. 4 could not be fetched, or nothing is in force yet: try again. Decision 0007 says why it is so.
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from typing import TextIO

from mqtt_saas import azure, durable, release
from mqtt_saas.contract import BOOTSTRAP, CURRENT, HASH, LOCKS, RELEASE

# The other run may be the first boot's, which waits for the vault and a certificate.
LOCK_PATIENCE_SECONDS = 600
# A new role assignment takes Azure up to ten minutes; then the boot unit, or the person, tries again.
RETRY: azure.Retry = {"attempts": 6, "pause": 5}
# Where another release can serve meanwhile, or nothing depends on the answer.
ONCE: azure.Retry = {"attempts": 1, "pause": 1}


def say(text: str) -> None:
    print(f"broker-apply: {text}", flush=True)


def apply(container: str, digest: str, retry: azure.Retry = RETRY) -> int:
    """Returns the exit code."""
    old = release.in_force()
    try:
        new = release.fetch(container, digest, **retry)
    except release.Refused as reason:
        say(f"REFUSED: {digest}: {reason}")
        say(f"nothing was changed; in force: {os.path.basename(old) if old else 'nothing yet'}")
        return 1 if old else 4
    say(f"bundle {digest[:12]} is here, and it is the one that was meant")
    if old is None:
        # What runs may have started from the files that were not whole: all of it starts again.
        durable.link(BOOTSTRAP, CURRENT)
    return activate(digest, old or new)


def activate(digest: str, judge: str) -> int:
    program = os.path.join(judge, "bin/activate-release.py")
    return subprocess.run([sys.executable, "-B", program, digest]).returncode


def run(container: str, explicit: str | None) -> int:
    """Returns the exit code of the bundle that is wanted."""
    folder = release.linked(CURRENT)
    reason = folder and release.flaw(folder)
    # Without a folder the first boot's files stand in: on a new machine, or since a repair was cut short.
    spare = None if folder and not reason else release.former()
    if folder and reason:
        say(f"NOT WHOLE: {os.path.basename(folder)}: {reason}; it is fetched again")
    retry = ONCE if spare else RETRY
    try:
        seen = look(container) if explicit else None
        digest = explicit or release.wanted(container, **retry)
        code = apply(container, digest, retry)
    except azure.AzureError as error:
        say(f"NOT FETCHED: {error}; nothing was changed")
        code = 4
    else:
        code = code or read_back(digest)
        if code == 0 and explicit:
            release.note_explicit(explicit, seen)
        if code == 0:
            # Deployments look for this line and believe no exit code.
            print(f"IN FORCE: {digest}", flush=True)
    if code != 0 and spare and release.in_force() is None:
        say(f"falling back to the former release {os.path.basename(spare)}")
        activate(os.path.basename(spare), spare)
    return code


def look(container: str) -> release.Pointer | None:
    """The pointer before an explicit run, so that a boot can tell whether it was changed since."""
    try:
        return release.pointer(container, **ONCE)
    except azure.AzureError as error:
        return ["", ""] if error.status == 404 else None


def read_back(digest: str) -> int:
    """Returns the exit code: what is in force is asked of the machine, whatever a program said."""
    folder = release.in_force()
    found = os.path.basename(folder) if folder else "nothing whole"
    if found == digest:
        return 0
    say(f"NOT IN FORCE: {digest}; in force: {found}")
    return 4


def lock() -> TextIO:
    """One run at a time; the kernel lets go of the lock when the process ends. Only root may open it."""
    durable.make_folder(LOCKS, 0o700)
    # Open until the process ends.
    file = open(os.path.join(LOCKS, "apply"), "w", encoding="utf-8")  # noqa: SIM115
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                say("another run has not ended")
                sys.exit(4)
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--from", dest="container", help="URL of the bundles' container; default: what the bundle of this program says"
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--boot", action="store_true", help="the bundle the pointer names")
    which.add_argument("sha256", nargs="?", help="the bundle of this hash")
    arguments = parser.parse_args()
    if arguments.sha256 and not HASH.fullmatch(arguments.sha256):
        parser.error("a bundle is named by the 64 hexadecimal digits of its SHA-256")
    # Others read what is unpacked, whatever umask this was started with.
    os.umask(0o022)
    with lock():
        code = run((arguments.container or release.settings(RELEASE)["blobUri"]).rstrip("/"), arguments.sha256)
    sys.exit(code)
