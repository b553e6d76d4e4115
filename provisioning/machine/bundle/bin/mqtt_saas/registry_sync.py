"""Keeps the broker's password file and ACL file in line with the registry in Postgres (view broker.registry).

Looks every second whether the registry changed. A change is written to both files, and reload-broker.service asked to have
the broker read them; when it may is reload-broker's rule. While the registry cannot be read, or must not be trusted, the
last good files stay. Runs as a user of its own: the broker reads what it writes, and it has nothing of the broker's.
"""

import argparse
import os
import random
import sys
import time

from mqtt_saas import contract, reload, watchdog
from mqtt_saas.registry import RegistryError
from mqtt_saas.registry_database import DatabaseAway, RegistryDatabase
from mqtt_saas.registry_files import RegistryFiles
from mqtt_saas.registry_metrics import Metrics

# Comes with the bundle where the environment's database has a CA of its own. Read at every connection, from the bundle that is
# in force then: this program outlives bundles, and the one it was started from may be gone.
DATABASE_CA = os.path.join(contract.CURRENT, contract.DATABASE_CA)
POLL_SECONDS = 1.0
ROUND_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0


class Agent:
    """round() is called again and again."""

    def __init__(self, database: RegistryDatabase, files: RegistryFiles, wish: str, state: str, metrics: Metrics) -> None:
        self._database, self._files, self._metrics = database, files, metrics
        self._wish, self._reloads = wish, state
        self._known: tuple[object, ...] | None = None
        self._refused = False
        self._failures, self._next_poll = 0, 0.0
        self._said: dict[str, str] = {}
        self._measure_files()

    def round(self) -> None:
        if time.monotonic() >= self._next_poll:
            self._next_poll = time.monotonic() + self._synchronise()
        since = reload.waiting_since(self._reloads)
        self._metrics.set("reload_waiting_seconds", time.time() - since if since else 0)
        self._metrics.write()

    def _synchronise(self) -> float:
        """Returns after how many seconds to do it again."""
        try:
            self._bring_up_to_date()
        except (DatabaseAway, OSError) as error:
            # Not all programs that lost one database come back at one moment.
            pause = min(LONGEST_PAUSE_SECONDS, 2.0**self._failures) * random.uniform(0.5, 1.0)
            self._failures += 1
            self._metrics.set("up", 0)
            self._metrics.set('failure_timestamp_seconds{reason="database"}', time.time())
            self._tell("database", f"cannot be synchronised, the last good accounts stay in force: {error}", "away")
            return pause
        self._failures = 0
        self._metrics.set("up", 1)
        self._metrics.set("read_timestamp_seconds", time.time())
        self._tell("database", "the registry is read")
        return POLL_SECONDS

    def _bring_up_to_date(self) -> None:
        # Before the rows: a change in between is seen the next time.
        fingerprint = self._database.fingerprint()
        if fingerprint == self._known and (self._refused or self._files.are_ours()):
            return
        started = time.monotonic()
        try:
            changed = self._files.write(self._database.rows())
        except RegistryError as error:
            self._refused = True
            self._metrics.set('failure_timestamp_seconds{reason="refused"}', time.time())
            self._tell("registry", f"refused, the last good accounts stay in force: {error}")
        else:
            if changed:
                reload.ask(self._wish)
            self._refused = False
            self._metrics.set("sync_duration_seconds", time.monotonic() - started)
            self._measure_files()
            self._tell("registry", f"{self._accounts} accounts are in the files", str(fingerprint))
        # Also when it was refused: the same rows would be again.
        self._known = fingerprint
        self._metrics.set("refused", int(self._refused))

    def _measure_files(self) -> None:
        sizes, self._accounts = self._files.sizes()
        self._metrics.set("accounts", self._accounts)
        for name, size in sizes.items():
            self._metrics.set(f'file_bytes{{file="{name}"}}', size)

    def _tell(self, subject: str, message: str, key: str | None = None) -> None:
        """Says it once, until something else is to be said of this subject."""
        key = key or message
        if self._said.get(subject) != key:
            print(f"registry-sync: {message}", file=sys.stderr, flush=True)
        self._said[subject] = key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secrets", default=contract.SECRETS, help=f"has {contract.REGISTRY_URL}, local.*")
    parser.add_argument("--accounts", default=contract.ACCOUNTS, help="(default: %(default)s)")
    parser.add_argument("--metrics", default=os.path.join(contract.REGISTRY_SYNC, "registry-sync.prom"))
    parser.add_argument("--reloads", default=contract.RELOAD, help="folder of reload-broker's state (default: %(default)s)")
    reload.add_wish(parser)
    options = parser.parse_args()
    agent = Agent(
        RegistryDatabase(os.path.join(options.secrets, contract.REGISTRY_URL), DATABASE_CA),
        RegistryFiles(options.accounts, options.secrets),
        options.wish,
        options.reloads,
        Metrics(options.metrics),
    )
    while True:
        agent.round()
        watchdog.sleep(ROUND_SECONDS)
