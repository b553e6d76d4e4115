"""Before a start of the broker, as its user: the state it starts from is a whole one.

    choose-state [--folder FOLDER] [--rescue FOLDER] [--metrics FILE]

A state that is empty, cut or damaged is set aside as `mosquitto.db.damaged`, and the last whole save takes its place. Ends
with 1 when there was a state and none that is whole: the broker would forget its sessions, so a person decides.
"""

import argparse
import os
import sys
import time

from mqtt_saas import figures, saved_state
from mqtt_saas.contract import CURRENT, DATABASE, METRICS, RESCUE, STATE

PREFIX = "mqtt_saas_broker_start"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=STATE)
    parser.add_argument("--rescue", default=RESCUE, help="where repair-data-disk has it saved (default: %(default)s)")
    parser.add_argument("--metrics", default=os.path.join(METRICS, "broker/broker-start.prom"))
    options = parser.parse_args()
    try:
        done = [saved_state.take_rescued(options.rescue, options.folder), saved_state.choose(options.folder)]
    except (saved_state.NoState, OSError) as error:
        figures.update(options.metrics, PREFIX, {"without_state": 1})
        sys.exit(
            f"choose-state: {error}. Bring a copy back: {CURRENT}/bin/restore-state.py put latest. "
            f"Or start without sessions and what waits for them: rm {os.path.join(options.folder, DATABASE)}*"
        )
    values: dict[str, float] = {"without_state": 0}
    for words in filter(None, done):
        print(f"choose-state: {words}", file=sys.stderr)
    if done[1]:
        values["from_kept_state_timestamp_seconds"] = time.time()
    figures.update(options.metrics, PREFIX, values)
