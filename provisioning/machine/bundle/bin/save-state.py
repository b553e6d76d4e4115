#!/usr/bin/python3 -B
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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))

import reload
import state

# A save that has not come by then has failed (a full disk); the broker's log says why.
PATIENCE_SECONDS = 120
LOOK_EVERY_SECONDS = 0.05


def main(options):
    broker = reload.Broker(options.processes, options.database)
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


def pause_after(took, every, share):
    """Seconds to wait after a save that took so long (None: there was none)."""
    return max(every, (took or 0) * (1 / share - 1))


def describe(database, took):
    return {
        "saved_timestamp_seconds": round(os.stat(database).st_mtime, 3),
        "save_duration_seconds": round(took, 3),
        "bytes": os.stat(database).st_size,
    }


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cgroup = "/sys/fs/cgroup/system.slice/mosquitto.service/cgroup.procs"
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--metrics", default="/run/mqtt-saas-metrics/save-state/broker-state.prom")
    parser.add_argument("--processes", default=cgroup)
    parser.add_argument("--database", default="/var/lib/mosquitto/mosquitto.db")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main(parse(sys.argv[1:]))
