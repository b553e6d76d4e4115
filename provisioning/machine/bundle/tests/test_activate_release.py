"""What activate_release.py decides: its exit code, and whether the old bundle is brought back. Decision 0007."""

import contextlib
import io
import os
import tempfile
import unittest
from unittest import mock

from mqtt_saas import activate_release, azure, broker_apply, checks, contract, durable, release
from mqtt_saas.machine import ActivationFailure
from mqtt_saas.mqtt_probe import ProbeFailure
from mqtt_saas.release import Refused

OLD, NEW = (f"{contract.RELEASES}/{digit * 64}" for digit in "01")
DIGEST = "1" * 64

CHECKS = ("check_files", "check_machine", "check_broker", "check_packages")


class Activate(unittest.TestCase):
    def activate(
        self,
        old: str | None = OLD,
        refused: str = "",
        failures: dict[str, Exception] | None = None,
        former: str | None = None,
    ) -> tuple[int, list[tuple[str, str | None]], str]:
        """The exit code, what was put into force in place of what, and the last line that was said.

        refused: the check that says no. failures: by release, what happens when it is put into force.
        """
        tried: list[tuple[str, str | None]] = []
        self.noted: list[tuple[str, str]] = []

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
            mock.patch.object(release, "former", lambda: former),
            mock.patch.object(durable, "link", lambda target, path: self.noted.append((target, path))),
            contextlib.redirect_stdout(said),
        ):
            code = activate_release.activate(DIGEST)
        return code, tried, said.getvalue().splitlines()[-1]

    def test_a_good_one_is_in_force(self) -> None:
        code, tried, said = self.activate()
        self.assertEqual((code, tried), (0, [(NEW, OLD)]))
        self.assertRegex(said, f"PROBED: {DIGEST}; broker restarted")
        # Only what was probed has a former one: that is what a machine falls back to.
        self.assertEqual(self.noted, [(OLD, contract.FORMER)])
        self.assertRegex(self.activate(old=NEW)[2], "it was already")
        self.assertEqual(self.noted, [])

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
            self.assertEqual(self.noted, [])

    def test_where_the_old_one_is_not_whole_the_former_one_comes_back(self) -> None:
        code, tried, said = self.activate(old=None, former=OLD, failures={NEW: ProbeFailure("a")})
        self.assertEqual((code, tried), (1, [(NEW, None), (OLD, NEW)]))
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
            mock.patch.object(durable, "link"),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            return broker_apply.apply("https://container", DIGEST), judges

    def test_what_is_in_force_judges_what_is_new(self) -> None:
        self.assertEqual(self.apply(OLD, NEW), (7, [f"{OLD}/bin/activate-release.py"]))
        self.assertEqual(self.apply(None, NEW), (7, [f"{NEW}/bin/activate-release.py"]))

    def test_a_bundle_that_is_not_the_one_that_was_meant_is_judged_by_nobody(self) -> None:
        self.assertEqual(self.apply(OLD, Refused("corrupted")), (1, []))
        self.assertEqual(self.apply(None, Refused("corrupted")), (4, []))


class Run(unittest.TestCase):
    """What becomes of a run, with everything that it asks for played."""

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.whole = {OLD, NEW}
        self.links: dict[str, str | None] = {contract.CURRENT: OLD, contract.FORMER: None}
        self.activated: list[str] = []
        self.pointer: object = ["0" * 64, "Fri"]
        self.works = True

        def linked(link: str) -> str | None:
            return self.links[link]

        def flaw(folder: str) -> str | None:
            return None if folder in self.whole else "bin/a is not what was packed"

        def fetch(_: str, digest: str, **__: object) -> str:
            if isinstance(self.pointer, azure.AzureError):
                raise self.pointer
            self.whole.add(f"{contract.RELEASES}/{digest}")
            return f"{contract.RELEASES}/{digest}"

        def pointer(*_: object, **__: object) -> object:
            if isinstance(self.pointer, azure.AzureError):
                raise self.pointer
            return self.pointer

        def link(target: str, path: str) -> None:
            self.links[path] = target if target.startswith(contract.RELEASES) else None

        def activate(digest: str, _: str) -> int:
            before = self.links[contract.CURRENT]
            self.activated.append(f"{digest[0]} in place of {before[-1] if before else 'none'}")
            if self.works:
                self.links[contract.CURRENT] = f"{contract.RELEASES}/{digest}"
            return 0

        self.note = os.path.join(place.name, "explicit.json")
        for patch in (
            mock.patch.multiple(release, EXPLICIT=self.note, linked=linked, flaw=flaw, fetch=fetch, pointer=pointer),
            mock.patch.object(broker_apply, "activate", activate),
            mock.patch.object(durable, "link", link),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def run_it(self, explicit: str | None) -> tuple[int, list[str]]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = broker_apply.run("https://container", explicit)
        return code, said.getvalue().splitlines()

    def test_success_is_the_line_that_was_read_back(self) -> None:
        code, said = self.run_it(DIGEST)
        self.assertEqual((code, said[-1]), (0, f"IN FORCE: {DIGEST}"))
        # A program that ends with 0 and has done nothing.
        self.works = False
        code, said = self.run_it("2" * 64)
        self.assertEqual((code, said[-1]), (4, f"broker-apply: NOT IN FORCE: {'2' * 64}; in force: {DIGEST}"))
        self.assertNotIn(f"IN FORCE: {'2' * 64}", said)

    def test_a_boot_that_comes_after_a_deployment_leaves_it_in_force(self) -> None:
        self.run_it(DIGEST)
        # The pointer still names the former release: the deployment moves it last, and may have been cut short.
        code, said = self.run_it(None)
        self.assertEqual((code, said[-1]), (0, f"IN FORCE: {DIGEST}"))
        # One that was moved since is newer, also when it names the former release again.
        self.pointer = ["0" * 64, "Sat"]
        self.assertEqual(self.run_it(None)[1][-1], f"IN FORCE: {'0' * 64}")

    def test_what_was_asked_for_and_refused_counts_for_nothing_at_the_next_boot(self) -> None:
        self.works = False
        self.assertEqual(self.run_it(DIGEST)[0], 4)
        self.works = True
        self.assertEqual(self.run_it(None)[1][-1], f"IN FORCE: {'0' * 64}")

    def test_a_deployment_that_could_not_see_the_pointer_counts_all_the_same(self) -> None:
        seen = self.pointer
        with mock.patch.object(release, "pointer", side_effect=azure.AzureError("away", 503)):
            self.assertEqual(self.run_it(DIGEST)[0], 0)
        self.pointer = seen
        self.assertEqual(self.run_it(None)[1][-1], f"IN FORCE: {DIGEST}")

    def test_a_note_that_cannot_be_read_counts_for_nothing(self) -> None:
        self.run_it(DIGEST)
        for text in ("", "[]", "{}", '{"release": 1, "pointer": null}'):
            with open(self.note, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertEqual(self.run_it(None)[1][-1], f"IN FORCE: {'0' * 64}", text)

    def test_a_release_that_is_not_whole_is_fetched_anew(self) -> None:
        self.whole.remove(OLD)
        code, said = self.run_it(None)
        # In place of none: a broker that started from an empty configuration would be left alone otherwise.
        self.assertEqual((code, self.activated), (0, ["0 in place of none"]))
        self.assertRegex(said[0], "NOT WHOLE: 0{64}: bin/a is not what was packed; it is fetched again")

    def test_until_that_succeeds_the_former_one_serves_and_it_is_said(self) -> None:
        self.whole.remove(OLD)
        self.links[contract.FORMER] = NEW
        self.pointer = azure.AzureError("away", 503)
        code, said = self.run_it(None)
        # The boot unit tries again.
        self.assertEqual((code, self.activated), (4, ["1 in place of 0"]))
        self.assertEqual(said[-1], f"broker-apply: falling back to the former release {DIGEST}")
        # One that is not whole either serves nobody.
        self.links = {contract.CURRENT: OLD, contract.FORMER: NEW}
        self.whole.clear()
        self.activated.clear()
        self.assertEqual((self.run_it(None)[0], self.activated), (4, []))

    def test_also_where_the_first_boots_files_stand_in_since_a_repair_was_cut_short(self) -> None:
        self.links = {contract.CURRENT: None, contract.FORMER: NEW}
        self.pointer = azure.AzureError("away", 503)
        self.assertEqual((self.run_it(None)[0], self.activated), (4, ["1 in place of none"]))

    def test_only_root_can_open_the_lock(self) -> None:
        with tempfile.TemporaryDirectory() as place, mock.patch.object(broker_apply, "LOCKS", f"{place}/locks"):
            broker_apply.lock().close()
            self.assertEqual(os.stat(f"{place}/locks").st_mode & 0o777, 0o700)
