"""Makes the broker save its sessions and queues as often as it can afford.

    save-state [--every SECONDS] [--share PART] [--metrics FILE] [--processes FILE] [--database FILE]

A broker that is killed outright loses what it acknowledged since its last save and what was not drained meanwhile.
Mosquitto saves everything anew each time and serves nobody meanwhile, so a fixed interval is either long or, with a full
queue on a slow disk, stops the broker: 250 MB take 25 s on the disk of the smallest machine. This asks for a save (SIGUSR1)
every SECONDS (default 5), and when saves take long, so seldom that they take at most PART of the time (default 0.1). The
measurement: `npm run bench -- durability`, docs/durability.md.

Runs as the broker's user, so that it needs no capability to signal it.
"""

import argparse
import os
import signal
import sys
import time

from mqtt_saas import reload, state
from mqtt_saas.contract import DATABASE, METRICS, STATE

# A save that has not come by then has failed (a full disk); the broker's log says why.
PATIENCE_SECONDS = 120
LOOK_EVERY_SECONDS = 0.05


def save_always(options: argparse.Namespace) -> None:
    broker = reload.Broker(options.processes)
    failed = False
    while True:
        found = broker.find()
        # One that is starting has nothing new to save, and the signal would end it.
        if found and not reload.handles(found[0], signal.SIGUSR1):
            found = None
        took = found and state.save(found[0], options.database, PATIENCE_SECONDS, LOOK_EVERY_SECONDS)
        if took is not None and found:
            state.write_metrics(options.metrics, "mqtt_saas_broker_state", describe(options.database, took))
            failed = False
        elif found and not failed and broker.find() == found:
            print("save-state: the broker does not save its state; its own log says why", file=sys.stderr)
            failed = True
        time.sleep(pause_after(took, options.every, options.share))


def pause_after(took: float | None, every: float, share: float) -> float:
    """Seconds to wait after a save that took so long (None: there was none)."""
    return max(every, (took or 0) * (1 / share - 1))


def describe(database: str, took: float) -> dict[str, float]:
    return {
        "saved_timestamp_seconds": round(os.stat(database).st_mtime, 3),
        "save_duration_seconds": round(took, 3),
        "bytes": os.stat(database).st_size,
    }


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--metrics", default=os.path.join(METRICS, "save-state/broker-state.prom"))
    parser.add_argument("--processes", default=reload.PROCESSES)
    parser.add_argument("--database", default=os.path.join(STATE, DATABASE))
    return parser.parse_args(arguments)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    save_always(parse(sys.argv[1:]))
