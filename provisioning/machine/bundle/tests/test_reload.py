"""A reload that is wanted comes, also when the machine's clock is set meanwhile. The rest: reload-broker.test.ts."""

import os
import shutil
import signal
import tempfile
import unittest
from unittest import mock

from mqtt_saas import reload

DAY = 86_400
NOW = 1_800_000_000.0


class ClockIsSet(unittest.TestCase):
    """Ingest has connected, so a reload waits only for the one before."""

    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.now = NOW
        self.told: list[int] = []
        database = os.path.join(self.folder, "database")
        with open(database, "w", encoding="ascii"):
            pass
        broker = reload.Broker("none", database)
        self.reloader = reload.Reloader(broker, os.path.join(self.folder, "state"), os.path.join(self.folder, "wish"))
        for patch in (
            mock.patch.object(broker, "find", lambda: (4321, NOW - 200)),
            mock.patch.object(broker, "log_since", lambda *_: "connected"),
            mock.patch.object(reload, "handles", lambda *_: True),
            mock.patch.object(reload, "INGEST_CONNECTED", mock.Mock(search=lambda text: text or None)),
            mock.patch("time.time", lambda: self.now),
            mock.patch("os.kill", lambda _, number: self.told.append(number)),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_second_reload_does_not_wait_for_the_day_to_come_again(self) -> None:
        self.reloader.request()
        self.now -= DAY
        self.reloader.request()
        self.assertEqual(self.told, [signal.SIGHUP] * 2)

    def test_and_a_day_forward_changes_nothing(self) -> None:
        self.now += DAY
        self.assertEqual(self.reloader.request(), reload.DONE)
