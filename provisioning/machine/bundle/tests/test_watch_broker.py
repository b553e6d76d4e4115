"""What watch_broker.py does with a diagnosis: what it asks of systemd, remembers and says, whatever the clock is set to."""

import contextlib
import io
import pathlib
import tempfile
import time
import unittest
from unittest import mock

from mqtt_saas import watch_broker
from mqtt_saas.diagnosis import Seen

STOPPING = Seen(active="deactivating", ran=True, mounted=True, read_only=False)
DAY_SECONDS = 86_400


class Watch(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.asked: list[tuple[str, ...]] = []
        self.since_boot = 1000.0
        for name, value in (("FOLDER", self.folder), ("SECRETS", self.folder), ("STATE", self.folder)):
            self.enterContext(mock.patch.object(watch_broker, name, value))
        self.enterContext(mock.patch.object(watch_broker, "_systemctl", self.systemctl))
        self.enterContext(mock.patch.object(time, "clock_gettime", lambda _: self.since_boot))

    def systemctl(self, *arguments: str) -> mock.Mock:
        self.asked.append(arguments)
        return mock.Mock(stdout="", returncode=0)

    def watch(self, seen: Seen) -> str:
        """What it says."""
        self.asked.clear()
        with mock.patch.object(watch_broker, "look", lambda: seen), contextlib.redirect_stderr(io.StringIO()) as said:
            watch_broker.watch()
        return said.getvalue()

    def figures(self) -> str:
        return pathlib.Path(self.folder, "broker-watch.prom").read_text(encoding="utf-8")

    def test_a_minute_is_a_minute_when_the_clock_jumps_a_day_either_way(self) -> None:
        for jump in (DAY_SECONDS, -DAY_SECONDS):
            pathlib.Path(self.folder, "memory.json").unlink(missing_ok=True)
            self.watch(STOPPING)
            with mock.patch.object(time, "time", return_value=time.time() + jump):
                self.since_boot += 59
                self.watch(STOPPING)
                self.assertNotIn(("kill", "--signal=KILL", "mosquitto.service"), self.asked)
                self.since_boot += 1
                self.watch(STOPPING)
                self.assertIn(("kill", "--signal=KILL", "mosquitto.service"), self.asked)

    def test_connections_to_the_brokers_ports_are_counted_once_established(self) -> None:
        table = pathlib.Path(self.folder, "tcp")
        # 22B3 is 8883, 0016 is 22; 01 is established, 0A listening, 06 waiting to be forgotten.
        rows = [("00000000:22B3", "0A"), ("040071CB:22B3", "01"), ("040071CB:22B3", "06"), ("040071CB:0016", "01")]
        lines = [f"{n}: {local} 420071CB:C350 {state} 00000000:00000000" for n, (local, state) in enumerate(rows)]
        table.write_text("\n".join(["  sl  local_address rem_address   st", *lines]), encoding="ascii")
        self.assertEqual(watch_broker.count_established(str(table), {8883, 443}), 1)
        self.assertEqual(watch_broker.count_established(str(table), {22, 8883}), 2)

    def test_the_memory_that_is_left_is_in_bytes(self) -> None:
        meminfo = pathlib.Path(self.folder, "meminfo")
        meminfo.write_text("MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n", encoding="ascii")
        self.assertEqual(watch_broker.memory_available(str(meminfo)), 409_600)

    def test_a_person_is_called_with_what_to_do_until_it_is_well_again(self) -> None:
        missing = STOPPING._replace(active="inactive", mounted=False)
        self.watch(missing)
        self.since_boot += 60
        self.assertIn("A PERSON IS NEEDED: nothing is mounted", self.watch(missing))
        self.assertIn('mqtt_saas_watch_trouble{kind="no_disk"} 1', self.figures())
        self.assertIn("mqtt_saas_watch_needs_person 1", self.figures())
        self.assertIn("well again, after: no_disk", self.watch(STOPPING._replace(active="active", answer=0)))
        self.assertIn("mqtt_saas_watch_needs_person 0", self.figures())
