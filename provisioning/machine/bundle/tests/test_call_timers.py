"""call_timers.py: which timers are late, and that nobody is called on what is not known."""

import os
import tempfile
import time
import unittest
from unittest import mock

from mqtt_saas import azure, call_timers, figures

TOLD = {"vaultUri": "https://v", "timers": {"url": "https://f", "keySecret": "timer-twin-key"}}


class CallTimers(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.ages = os.path.join(self.folder, "registry-sync.prom")
        for name, value in (("AGES", self.ages), ("FOLDER", self.folder), ("KEY", os.path.join(self.folder, "key"))):
            self.enterContext(mock.patch.object(call_timers, name, value))

    def tell(self, read_ago: float = 0, **ages: float) -> None:
        values = {f'timer_age_seconds{{name="{name}"}}': age for name, age in ages.items()}
        figures.write(
            self.ages, "mqtt_saas_registry", {"up": 1, "timers_read_timestamp_seconds": time.time() - read_ago, **values}
        )

    def late(self) -> list[str]:
        return sorted(call_timers.late())

    def test_a_timer_is_late_after_three_minutes(self) -> None:
        self.tell(mqtt_ingest=179, every_minute=181)
        self.assertEqual(self.late(), ["every_minute"])

    def test_what_was_read_long_ago_or_never_says_nothing(self) -> None:
        self.assertEqual(self.late(), [])
        for read_ago in (121, -121):
            self.tell(read_ago, mqtt_ingest=1000)
            self.assertEqual(self.late(), [])
        self.tell(119, mqtt_ingest=1000)
        self.assertEqual(self.late(), ["mqtt_ingest"])

    def test_the_condition_ends_the_unit_where_none_is_late(self) -> None:
        self.tell(mqtt_ingest=10)
        with self.assertRaises(SystemExit) as ended:
            call_timers.due(TOLD)
        self.assertEqual(ended.exception.code, 1)
        self.tell(mqtt_ingest=1000)
        call_timers.due(TOLD)

    def test_the_key_is_the_callers_alone_and_gone_after_the_call_even_if_it_fails(self) -> None:
        self.tell(mqtt_ingest=600, every_minute=600)
        with mock.patch.object(azure, "vault_secret", lambda *_, **__: "the-key\n"):
            call_timers.prepare(TOLD)
            # Left over from a call that was cut short.
            call_timers.prepare(TOLD)
        self.assertEqual(os.stat(call_timers.KEY).st_mode & 0o777, 0o400)
        answers = mock.Mock(side_effect=[200, azure.AzureError("answered 401", 401)])
        with mock.patch.object(azure, "post", answers), mock.patch("builtins.print") as said:
            call_timers.call(TOLD)
        self.assertFalse(os.path.exists(call_timers.KEY))
        self.assertEqual(
            [call.args for call in answers.call_args_list],
            [(f"https://f/api/run/{name}", {"Authorization": "Bearer the-key"}) for name in ("every_minute", "mqtt_ingest")],
        )
        lines = [str(call.args[0]) for call in said.call_args_list]
        self.assertIn("every_minute last ran 10 minutes ago: timer late, called: answered 200", lines[0])
        self.assertIn("mqtt_ingest last ran 10 minutes ago: timer late, called: answered 401", lines[1])
        self.assertNotIn("the-key", "".join(lines))
        told = figures.read(os.path.join(self.folder, "timers.prom"), "mqtt_saas_timer")
        self.assertEqual([told['call_failed{name="every_minute"}'], told['call_failed{name="mqtt_ingest"}']], [0, 1])
