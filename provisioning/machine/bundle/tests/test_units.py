"""units.py: which enabled units count as down."""

import unittest
from unittest import mock

from mqtt_saas import units

RUNS = {"Id": "a.service", "ActiveState": "active", "SubState": "running", "Type": "simple", "Result": "success"}


class Down(unittest.TestCase):
    def down(self, **change: str) -> bool:
        return units.is_down({**RUNS, **change})

    def test_what_runs_or_is_about_to_is_not(self) -> None:
        self.assertFalse(self.down())
        self.assertFalse(self.down(ActiveState="activating", SubState="start"))
        self.assertFalse(self.down(ActiveState="reloading", SubState="reload"))

    def test_what_failed_or_dies_again_and_again_is(self) -> None:
        self.assertTrue(self.down(ActiveState="failed", SubState="failed", Result="exit-code"))
        self.assertTrue(self.down(ActiveState="activating", SubState="auto-restart", Result="exit-code"))

    def test_what_ended_or_was_never_started_is(self) -> None:
        self.assertTrue(self.down(ActiveState="inactive", SubState="dead"))
        never = {"ActiveState": "inactive", "ConditionResult": "no", "ConditionTimestampMonotonic": "0"}
        self.assertTrue(self.down(**never))

    def test_a_daemon_that_may_end_is_not_when_it_ended_well(self) -> None:
        self.assertFalse(self.down(Id="thermald.service", ActiveState="inactive"))
        self.assertTrue(self.down(Id="thermald.service", ActiveState="failed", Result="exit-code"))

    def test_a_task_that_is_done_and_what_a_condition_kept_are_not(self) -> None:
        self.assertFalse(self.down(ActiveState="inactive", Type="oneshot"))
        self.assertFalse(self.down(ActiveState="inactive", ConditionResult="no", ConditionTimestampMonotonic="5"))

    def test_they_are_named_with_their_state(self) -> None:
        answers = {
            "list-unit-files": "fail2ban.service enabled enabled\na.service enabled enabled\nrescue-only.service enabled",
            "list-dependencies": "default.target\n  a.service\n  fail2ban.service\n",
            "list-units": "static.service loaded failed failed It died\n",
            "show": "Id=a.service\nActiveState=active\n\nId=fail2ban.service\nActiveState=failed\nResult=exit-code\n\n"
            "Id=static.service\nActiveState=failed\nResult=timeout\n",
        }
        asked: list[tuple[str, ...]] = []

        def said(*arguments: str) -> str:
            asked.append(arguments)
            return answers[arguments[0]]

        with mock.patch.object(units, "_said", said):
            found = units.not_active()
        self.assertEqual(found, ["fail2ban.service (failed: exit-code)", "static.service (failed: timeout)"])
        self.assertEqual(asked[-1][2:], ("a.service", "fail2ban.service", "static.service"))
