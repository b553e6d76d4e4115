"""What is done about a broker in trouble, how often, and when it calls a person."""

import unittest

from mqtt_saas import diagnosis, probe_broker
from mqtt_saas.diagnosis import Decision, Memory, Seen, decide

WELL = Seen(active="active", ran=True, mounted=True, read_only=False, answer=0)
HUNG = WELL._replace(answer=1)
NOW = 10_000.0


def after(action: str, *ago: float, trouble: str | None = None, lasted: float = 60) -> Memory:
    return Memory({action: [NOW - seconds for seconds in ago]}, trouble, NOW - lasted)


class Decide(unittest.TestCase):
    def test_a_broker_that_answers_is_left_alone(self) -> None:
        self.assertEqual(decide(WELL, Memory({}), NOW), Decision(None, None, False))
        # Not asked: a deployment restarts it at this moment.
        self.assertEqual(decide(WELL._replace(answer=None), Memory({}), NOW), Decision(None, None, False))

    def test_one_that_does_not_is_restarted_three_times_an_hour_and_then_a_person_is_called(self) -> None:
        for ago in ([], [60], [60, 1200], [60, 1200, 3601]):
            self.assertEqual(decide(HUNG, after("restart", *ago), NOW), Decision("no_answer", "restart", False))
        self.assertEqual(decide(HUNG, after("restart", 60, 1200, 3599), NOW), Decision("no_answer", None, True))

    def test_a_certificate_that_devices_refuse_is_no_reason_for_a_restart(self) -> None:
        seen = WELL._replace(answer=probe_broker.CERTIFICATE)
        self.assertEqual(decide(seen, Memory({}), NOW), Decision("certificate", None, True))

    def test_a_stop_that_writes_nothing_is_ended_after_a_minute_one_that_saves_is_not(self) -> None:
        stopping = HUNG._replace(active="deactivating", answer=None)
        for lasted, action in ((0.0, None), (59.0, None), (60.0, "end")):
            memory = after("end", trouble="stopping", lasted=lasted)
            self.assertEqual(decide(stopping, memory, NOW), Decision("stopping", action, False))
        memory = after("end", trouble="stopping", lasted=600)
        self.assertEqual(decide(stopping._replace(saving=True), memory, NOW), Decision("stopping", None, False))

    def test_a_restart_that_hangs_is_ended_by_the_next_look(self) -> None:
        stopping = HUNG._replace(active="deactivating", answer=None)
        memory = after("restart", 65, trouble="no_answer")
        self.assertEqual(decide(stopping, memory, NOW), Decision("stopping", "end", False))
        # Not one that a person asked for.
        self.assertEqual(decide(stopping, after("restart", 65), NOW), Decision("stopping", None, False))

    def test_a_disk_that_takes_no_writes_is_repaired_whatever_the_broker_says(self) -> None:
        for seen in (WELL, HUNG, HUNG._replace(active="inactive")):
            self.assertEqual(decide(seen._replace(read_only=True), Memory({}), NOW), Decision("read_only", "repair", False))
        memory = after("repair", 60, 120, 180)
        self.assertEqual(decide(WELL._replace(read_only=True), memory, NOW), Decision("read_only", None, True))

    def test_a_disk_that_is_missing_is_tried_again_and_said(self) -> None:
        missing = Seen(active="inactive", ran=False, mounted=False, read_only=False)
        self.assertEqual(decide(missing, Memory({}), NOW), Decision("no_disk", "start", False))
        self.assertEqual(decide(missing, after("start", 60), NOW), Decision("no_disk", "start", True))

    def test_what_a_person_stopped_stays_so_and_what_never_ran_is_started(self) -> None:
        stopped = HUNG._replace(active="inactive", answer=None)
        self.assertEqual(decide(stopped, Memory({}), NOW), Decision("stopped", None, False))
        long = after("start", trouble="stopped", lasted=600)
        self.assertEqual(decide(stopped, long, NOW), Decision("stopped", None, True))
        self.assertEqual(decide(stopped._replace(ran=False), Memory({}), NOW), Decision("starting", "start", False))
        self.assertEqual(decide(stopped._replace(active="failed"), Memory({}), NOW), Decision("starting", "start", False))

    def test_a_start_that_takes_five_minutes_needs_a_person(self) -> None:
        starting = HUNG._replace(active="activating", answer=None)
        for lasted, needs_person in ((0.0, False), (299.0, False), (300.0, True)):
            memory = after("start", trouble="starting", lasted=lasted)
            self.assertEqual(decide(starting, memory, NOW), Decision("starting", None, needs_person))

    def test_every_trouble_has_a_remedy(self) -> None:
        seen = [
            Seen(active, ran, mounted, read_only, answer)
            for active in ("active", "inactive", "failed", "activating", "deactivating")
            for ran in (True, False)
            for mounted in (True, False)
            for read_only in (True, False)
            for answer in (None, 0, 1, probe_broker.CERTIFICATE)
        ]
        found = {decide(look, Memory({}), NOW).trouble for look in seen}
        self.assertEqual(found - {None}, set(diagnosis.REMEDIES))
