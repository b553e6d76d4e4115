#!/usr/bin/python3 -B
"""Starts the applier of a release that is whole: of the one in force, else of the former one, else the first boot's own.

    broker-apply ...        the arguments are the applier's: see mqtt_saas/broker_apply.py

A file of the first boot and of no bundle, so that no bundle can break it.
"""

import os
import subprocess
import sys

HOME = "/opt/mqtt-saas"
APPLIER = "bin/broker-apply.py"
sys.path.insert(0, f"{HOME}/bootstrap/bin")
from mqtt_saas import release  # noqa: E402


def trouble(folder: str) -> str | None:
    """Why the applier of a release is not to be started."""
    found = release.flaw(folder)
    if found:
        return f"NOT WHOLE: {os.path.basename(folder)}: {found}"
    help_text = subprocess.run([os.path.join(folder, APPLIER), "--help"], capture_output=True)
    return None if help_text.returncode == 0 and help_text.stdout else f"{os.path.basename(folder)}'s applier does not start"


for folder in filter(None, map(release.linked, (f"{HOME}/current", f"{HOME}/former"))):
    reason = trouble(folder)
    if reason is None:
        break
    print(f"broker-apply: {reason}", flush=True)
else:
    folder = f"{HOME}/bootstrap"
os.execv(os.path.join(folder, APPLIER), [APPLIER, *sys.argv[1:]])
