"""Has a throw-away broker read the last whole save, as a start would: a copy is worth what a broker can read of it.

    rehearse-state [--folder FOLDER] [--metrics FILE]

Run before each nightly copy, as the broker's user, without a network. The save is only read: the throw-away broker is ended
before it could write one. Left out, and said so, where the machine has not the memory for a second queue.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from mqtt_saas import figures
from mqtt_saas.contract import DATABASE, METRICS, STATE, WHOLE

PREFIX = "mqtt_saas_broker_rehearsal"
MOSQUITTO = "/usr/sbin/mosquitto"
# What Mosquitto says when it has read everything and serves (src/mosquitto.c).
RUNNING = re.compile(r"mosquitto version \S+ running$", re.MULTILINE)
PATIENCE_SECONDS = 300
# A message takes that much more in memory than in the file: docs/durability.md, "How much may wait".
MEMORY_FACTOR = 3
# Of the machine's memory: a little less than MemoryMax= of rehearse-state.service.
UNIT_PART = 0.4


class Unreadable(Exception):
    """Why no broker could start from the state."""


def rehearse(folder: str) -> bool:
    """False when it was left out. Raises Unreadable."""
    state = os.path.join(folder, WHOLE)
    if os.stat(state).st_size * MEMORY_FACTOR > available_memory():
        return False
    with tempfile.TemporaryDirectory(prefix="state-rehearsal-") as place:
        os.symlink(state, os.path.join(place, DATABASE))
        config = os.path.join(place, "config")
        with open(config, "w", encoding="ascii") as file:
            # Nobody reaches a socket in this folder.
            file.write(f"listener 0 {place}/socket\nallow_anonymous false\npersistence true\nautosave_interval 0\n")
            file.write(f"persistence_location {place}/\npersistence_file {DATABASE}\nmax_queued_messages 0\n")
        read(config, os.path.join(place, "log"))
    return True


def read(config: str, log: str) -> None:
    with open(log, "wb") as output:
        broker = subprocess.Popen([MOSQUITTO, "-c", config], stdout=output, stderr=output)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not RUNNING.search(words := _text(log)):
            if broker.poll() is not None:
                raise Unreadable(f"a broker that starts from it ends with {broker.returncode}: {words[-300:].strip()}")
            if time.monotonic() > deadline:
                raise Unreadable(f"a broker that starts from it does not serve after {PATIENCE_SECONDS} s")
            time.sleep(0.1)
    finally:
        # Not asked to end: it would save.
        broker.kill()
        broker.wait()


def available_memory() -> int:
    """Bytes, and no more than its unit lets it take."""
    with open("/proc/meminfo", encoding="ascii") as file:
        found = dict(re.findall(r"^(MemTotal|MemAvailable): +(\d+) kB$", file.read(), re.MULTILINE))
    return int(min(int(found["MemAvailable"]), int(found["MemTotal"]) * UNIT_PART)) * 1024


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=STATE)
    parser.add_argument("--metrics", default=os.path.join(METRICS, "rehearse-state/state-rehearsal.prom"))
    options = parser.parse_args()
    saved = 0.0
    try:
        saved = os.stat(os.path.join(options.folder, WHOLE)).st_mtime
        done = rehearse(options.folder)
    except (Unreadable, OSError) as error:
        figures.update(options.metrics, PREFIX, {"failing": 1, "failure_timestamp_seconds": time.time()})
        sys.exit(f"rehearse-state: the saved state is of no use: {error}")
    values = {"failing": 0, "left_out": int(not done), **({"read_state_timestamp_seconds": saved} if done else {})}
    figures.update(options.metrics, PREFIX, values)
    print(f"rehearse-state: {'a broker can start from the saved state' if done else 'left out, because memory is short'}")
