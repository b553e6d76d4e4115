"""Makes the broker save its sessions and queues as often as it can afford, and judges each save.

    save-state [--every SECONDS] [--share PART] [--reserve PART] [--metrics FILE] [--processes FILE] [--folder FOLDER]

A broker that is killed outright loses what it acknowledged since its last save and what was not drained meanwhile.
Mosquitto saves everything each time and serves nobody meanwhile, so a fixed interval is either long or, with a full
queue on a slow disk, stops the broker: 250 MB take 25 s on the disk of the smallest machine. This asks for a save (SIGUSR1)
every SECONDS (default 5), and when saves take long, so seldom that they take at most PART of the time (default 0.1). The
measurement: `npm run bench -- durability`, docs/durability.md.

Where the disk has no room for a save, none is asked for: Mosquitto would put an empty or a cut file over the last good one.
Each save is judged, and the last two whole ones are kept (saved_state.py); a start takes the newest that is whole.

Runs as the broker's user, so that it needs no capability to signal it.
"""

import argparse
import os
import signal
import sys
import time

from mqtt_saas import figures, reload, room, saved_state, state, watchdog
from mqtt_saas.contract import DATABASE, METRICS, STATE, WHOLE

PREFIX = "mqtt_saas_broker_state"
# A save that has not come by then has failed; the broker's log says why.
PATIENCE_SECONDS = 120
LOOK_EVERY_SECONDS = 0.05
REASONS = ("read_only", "no_room", "not_saved", "not_whole")


class Saver:
    """round() is called again and again."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options, self._folder = options, options.folder
        self._database = os.path.join(options.folder, DATABASE)
        self._broker = reload.Broker(options.processes)
        self._figures = figures.read(options.metrics, PREFIX)
        self._said: dict[str, str] = {}
        self._failures: dict[str, str] = {}

    def round(self) -> float:
        """Returns after how many seconds to do it again."""
        self._failures = {}
        took = None
        try:
            if room.is_read_only(self._folder):
                self._fail("read_only", f"{self._folder} takes no writes: the disk failed; watch-broker repairs it")
            else:
                room.tidy(self._folder, time.time(), say)
                took = self._save()
                self._judge()
        except OSError as error:
            self._fail("not_saved", f"the state cannot be looked after: {error}")
        self._tell()
        self._measure(took)
        return pause_after(took, self._options.every, self._options.share)

    def _save(self) -> float | None:
        """Seconds the save took; None when there was none."""
        wanted = room.needed(self._size())
        left = room.make(self._folder, wanted, say)
        self._figures["free_bytes"], self._figures["needed_bytes"] = left, wanted
        found = self._broker.find()
        # One that is starting has nothing new to save, and the signal would end it.
        if not found or not reload.handles(found[0], signal.SIGUSR1):
            return None
        if left < wanted:
            self._fail(
                "no_room",
                f"a save needs {wanted} bytes and the data disk has {left}: what came since the last one is in memory only. "
                f"Remove what does not belong below {self._folder}, or set a larger dataDiskGb and deploy",
            )
            return None
        took = state.save(found[0], self._database, PATIENCE_SECONDS, LOOK_EVERY_SECONDS)
        if took is None and self._broker.find() == found:
            self._fail("not_saved", "the broker does not save its state; its own log says why")
        return took

    def _judge(self) -> None:
        """Whatever lies there: the broker saves by itself, too."""
        if not os.path.exists(self._database):
            return
        why = saved_state.keep(self._folder)
        if why:
            self._fail("not_whole", f"{self._database} is not a whole state: {why}. The last whole one is kept")
        else:
            room.hold_reserve(self._folder, self._size(), self._options.reserve)

    def _size(self) -> int:
        found = (os.path.join(self._folder, name) for name in (DATABASE, WHOLE))
        return max((os.stat(path).st_size for path in found if os.path.exists(path)), default=0)

    def _fail(self, reason: str, text: str) -> None:
        self._failures[reason] = text

    def _tell(self) -> None:
        """Says each failure once, until it is over."""
        for reason in REASONS:
            if reason in self._failures and reason not in self._said:
                say(self._failures[reason])
            elif reason in self._said and reason not in self._failures:
                say(f"over: {self._said[reason]}")
        self._said = self._failures

    def _measure(self, took: float | None) -> None:
        if took is not None:
            self._figures["save_duration_seconds"] = took
        for reason in REASONS:
            self._figures[f'failing{{reason="{reason}"}}'] = int(reason in self._failures)
            if reason in self._failures:
                self._figures[f'failure_timestamp_seconds{{reason="{reason}"}}'] = time.time()
        whole = os.path.join(self._folder, WHOLE)
        if os.path.exists(whole):
            status = os.stat(whole)
            self._figures["saved_timestamp_seconds"], self._figures["bytes"] = status.st_mtime, status.st_size
        figures.write(self._options.metrics, PREFIX, self._figures)


def pause_after(took: float | None, every: float, share: float) -> float:
    """Seconds to wait after a save that took so long (None: there was none)."""
    return max(every, (took or 0) * (1 / share - 1))


def say(text: str) -> None:
    print(f"save-state: {text}", file=sys.stderr, flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--reserve", type=float, default=0.05, help="part of the file system (default: %(default)s)")
    parser.add_argument("--metrics", default=os.path.join(METRICS, "save-state/broker-state.prom"))
    parser.add_argument("--processes", default=reload.PROCESSES)
    parser.add_argument("--folder", default=STATE)
    return parser.parse_args(arguments)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    saver = Saver(parse(sys.argv[1:]))
    while True:
        watchdog.sleep(saver.round())
