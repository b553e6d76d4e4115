"""What activate_release.py decides: its exit code, and whether the old bundle is brought back. Decision 0007."""

import contextlib
import io
import unittest
from unittest import mock

from mqtt_saas import activate_release, broker_apply, checks, contract, release
from mqtt_saas.machine import ActivationFailure
from mqtt_saas.mqtt_probe import ProbeFailure
from mqtt_saas.release import Refused

OLD, NEW = (f"{contract.RELEASES}/{digit * 64}" for digit in "01")
DIGEST = "1" * 64

CHECKS = ("check_files", "check_machine", "check_broker", "check_packages")


class Activate(unittest.TestCase):
    def activate(
        self, old: str | None = OLD, refused: str = "", failures: dict[str, Exception] | None = None
    ) -> tuple[int, list[tuple[str, str | None]], str]:
        """The exit code, what was put into force in place of what, and the last line that was said.

        refused: the check that says no. failures: by release, what happens when it is put into force.
        """
        tried: list[tuple[str, str | None]] = []

        def check(name: str) -> mock.Mock:
            return mock.Mock(side_effect=Refused("a reason") if name == refused else None)

        def put_into_force(new: str, before: str | None) -> str:
            tried.append((new, before))
            if failures and new in failures:
                raise failures[new]
            return "restarted"

        said = io.StringIO()
        with (
            mock.patch.object(release, "in_force", lambda: old),
            mock.patch.multiple(checks, **{name: check(name) for name in CHECKS}),
            mock.patch.object(activate_release, "put_into_force", put_into_force),
            contextlib.redirect_stdout(said),
        ):
            code = activate_release.activate(DIGEST)
        return code, tried, said.getvalue().splitlines()[-1]

    def test_a_good_one_is_in_force(self) -> None:
        code, tried, said = self.activate()
        self.assertEqual((code, tried), (0, [(NEW, OLD)]))
        self.assertRegex(said, f"IN FORCE: {DIGEST}; broker restarted")
        self.assertRegex(self.activate(old=NEW)[2], "it was already")

    def test_one_that_a_check_refuses_touches_nothing(self) -> None:
        for name in CHECKS[:-1]:
            code, tried, said = self.activate(refused=name)
            self.assertEqual((code, tried), (1, []), name)
            self.assertRegex(said, "nothing was changed; in force: 0{64}")
            # Nothing is in force: another attempt may find another bundle.
            self.assertEqual(self.activate(old=None, refused=name)[:2], (4, []), name)

    def test_packages_with_an_open_hole_keep_a_machine_from_going_live_not_from_going_on(self) -> None:
        self.assertEqual(self.activate(old=None, refused="check_packages")[:2], (4, []))
        self.assertEqual(self.activate(refused="check_packages")[:2], (0, [(NEW, OLD)]))

    def test_one_that_fails_is_switched_back(self) -> None:
        for failure in (ActivationFailure("a"), ProbeFailure("b"), OSError("c")):
            code, tried, said = self.activate(failures={NEW: failure})
            self.assertEqual((code, tried), (1, [(NEW, OLD), (OLD, NEW)]))
            self.assertRegex(said, "switched back; in force and probed: 0{64}")

    def test_where_the_old_one_does_not_come_back_a_person_is_needed(self) -> None:
        code, tried, said = self.activate(failures={NEW: ActivationFailure("a"), OLD: ProbeFailure("b")})
        self.assertEqual((code, tried), (3, [(NEW, OLD), (OLD, NEW)]))
        self.assertRegex(said, "BROKEN: 1{64} failed .a., and 0{64} could not be brought back: b")

    def test_where_there_is_nothing_to_go_back_to_it_is_tried_again_later(self) -> None:
        for old in (None, NEW):
            code, tried, said = self.activate(old=old, failures={NEW: ActivationFailure("a")})
            self.assertEqual((code, tried), (4, [(NEW, old)]))
            self.assertRegex(said, "NOT WORKING YET")

    def test_a_fault_of_the_program_is_not_taken_for_one_of_the_bundle(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            self.activate(failures={NEW: ZeroDivisionError()})


class Apply(unittest.TestCase):
    def apply(self, old: str | None, fetched: str | Exception) -> tuple[int, list[str]]:
        """The exit code, and the program that judged the bundle."""
        judges: list[str] = []

        def fetch(*_: object, **__: object) -> str:
            if isinstance(fetched, Exception):
                raise fetched
            return fetched

        def run(command: list[str]) -> mock.Mock:
            judges.append(command[2])
            return mock.Mock(returncode=7)

        with (
            mock.patch.object(release, "in_force", lambda: old),
            mock.patch.object(release, "fetch", fetch),
            mock.patch.object(broker_apply, "subprocess", mock.Mock(run=run)),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            return broker_apply.apply("https://container", DIGEST), judges

    def test_what_is_in_force_judges_what_is_new(self) -> None:
        self.assertEqual(self.apply(OLD, NEW), (7, [f"{OLD}/bin/activate-release.py"]))
        self.assertEqual(self.apply(None, NEW), (7, [f"{NEW}/bin/activate-release.py"]))

    def test_a_bundle_that_is_not_the_one_that_was_meant_is_judged_by_nobody(self) -> None:
        self.assertEqual(self.apply(OLD, Refused("corrupted")), (1, []))
        self.assertEqual(self.apply(None, Refused("corrupted")), (4, []))
