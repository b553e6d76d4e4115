"""Keeps the broker's registry file in line with the registry in Postgres (view broker.registry).

Looks every second whether the registry changed, and writes a change to the file; the broker's gate notices by itself. While
the registry cannot be read, or must not be trusted, the last good file stays. Runs as a user of its own: the broker reads
what it writes, and it has nothing of the broker's.
"""

import argparse
import os
import random
import sys
import time

from mqtt_saas import contract, figures, watchdog
from mqtt_saas.registry import RegistryError
from mqtt_saas.registry_database import DatabaseAway, RegistryDatabase
from mqtt_saas.registry_file import RegistryFile

# Comes with the bundle where the environment's database has a CA of its own. Read at every connection, from the bundle that is
# in force then: this program outlives bundles, and the one it was started from may be gone.
DATABASE_CA = os.path.join(contract.CURRENT, contract.DATABASE_CA)
PREFIX = "mqtt_saas_registry"
POLL_SECONDS = 1.0
TIMERS_SECONDS = 30.0
ROUND_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0


class Agent:
    """round() is called again and again. metrics: the file of its figures."""

    def __init__(self, database: RegistryDatabase, file: RegistryFile, metrics: str) -> None:
        self._database, self._file, self._metrics = database, file, metrics
        self._figures: dict[str, float] = {}
        self._known: tuple[object, ...] | None = None
        self._refused = False
        self._failures, self._next_poll, self._next_timers = 0, 0.0, 0.0
        self._said: dict[str, str] = {}
        self._measure_file()

    def round(self) -> None:
        if time.monotonic() >= self._next_poll:
            self._next_poll = time.monotonic() + self._synchronise()
        figures.write(self._metrics, PREFIX, self._figures)

    def _synchronise(self) -> float:
        """Returns after how many seconds to do it again."""
        try:
            self._bring_up_to_date()
        except (DatabaseAway, OSError) as error:
            # Not all programs that lost one database come back at one moment.
            pause = min(LONGEST_PAUSE_SECONDS, 2.0**self._failures) * random.uniform(0.5, 1.0)
            self._failures += 1
            self._figures["up"] = 0
            self._figures['failure_timestamp_seconds{reason="database"}'] = time.time()
            self._tell("database", f"cannot be synchronised, the last good accounts stay in force: {error}", "away")
            return pause
        self._failures = 0
        self._look_at_timers()
        self._figures["up"] = 1
        self._figures["read_timestamp_seconds"] = time.time()
        self._tell("database", "the registry is read")
        return POLL_SECONDS

    def _look_at_timers(self) -> None:
        """When the Function App's timers ran last: call-timers reads it. The accounts do not wait for it."""
        if time.monotonic() < self._next_timers:
            return
        self._next_timers = time.monotonic() + TIMERS_SECONDS
        try:
            ages = self._database.timer_ages()
        except DatabaseAway as error:
            self._tell("timers", f"when the timers ran last is not known: {error}", "away")
            return
        self._tell("timers", "when the timers ran last is known")
        self._figures["timers_read_timestamp_seconds"] = time.time()
        for name, age in ages.items():
            self._figures[f'timer_age_seconds{{name="{name}"}}'] = age

    def _bring_up_to_date(self) -> None:
        # Before the rows: a change in between is seen the next time.
        fingerprint = self._database.fingerprint()
        if fingerprint == self._known and (self._refused or self._file.is_ours()):
            return
        started = time.monotonic()
        try:
            self._file.write(self._database.rows())
        except RegistryError as error:
            self._refused = True
            self._figures['failure_timestamp_seconds{reason="refused"}'] = time.time()
            self._tell("rows", f"refused, the last good accounts stay in force: {error}")
        else:
            self._refused = False
            self._figures["sync_duration_seconds"] = time.monotonic() - started
            self._measure_file()
            self._tell("rows", f"{self._accounts} accounts are in the file", str(fingerprint))
        # Also when it was refused: the same rows would be again.
        self._known = fingerprint
        self._figures["refused"] = int(self._refused)

    def _measure_file(self) -> None:
        size, self._accounts = self._file.size()
        self._figures["accounts"] = self._accounts
        self._figures["file_bytes"] = size

    def _tell(self, subject: str, message: str, key: str | None = None) -> None:
        """Says it once, until something else is to be said of this subject."""
        key = key or message
        if self._said.get(subject) != key:
            print(f"registry-sync: {message}", file=sys.stderr, flush=True)
        self._said[subject] = key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secrets", default=contract.SECRETS, help=f"has {contract.REGISTRY_URL}, {contract.LOCAL_ACCOUNT}")
    parser.add_argument("--accounts", default=contract.ACCOUNTS, help="(default: %(default)s)")
    parser.add_argument("--metrics", default=os.path.join(contract.REGISTRY_SYNC, "registry-sync.prom"))
    options = parser.parse_args()
    agent = Agent(
        RegistryDatabase(os.path.join(options.secrets, contract.REGISTRY_URL), DATABASE_CA),
        RegistryFile(options.accounts, options.secrets),
        options.metrics,
    )
    while True:
        agent.round()
        watchdog.sleep(ROUND_SECONDS)
