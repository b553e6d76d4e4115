"""packages.py: which packages are below their floor, which hole is open, and which unit runs what was replaced."""

import json
import pathlib
import re
import tempfile
import unittest
from unittest import mock

from mqtt_saas import activate_release, check_machine, checks, contract, packages
from mqtt_saas.release import Refused

TABLE = packages.read_table(contract.RELEASE)
ROW: packages.Row = {
    "name": "broker",
    "hole": "CVE-1",
    "reach": "anyone",
    "floors": {"ubuntu 24.04": "broker 2.0-1~esm1", "debian 12": "broker 1.9"},
    "covered": None,
    "units": ["broker.service"],
    "remedy": {"ubuntu 24.04": "attach"},
}


class Floors(unittest.TestCase):
    def below(self, installed: str | None, where: str = "ubuntu 24.04", row: packages.Row = ROW) -> list[str]:
        with mock.patch.object(packages, "installed_version", lambda _: installed):
            return [str(shortfall) for shortfall in packages.below([row], where, "")]

    def test_a_version_is_compared_as_dpkg_does(self) -> None:
        self.assertEqual(
            self.below("2.0-1build3", row={**ROW, "floors": {"ubuntu 24.04": "broker 2.0-1ubuntu0.1~esm1"}}),
            ["broker 2.0-1build3 is below 2.0-1ubuntu0.1~esm1 (CVE-1); open to anyone; attach"],
        )
        for enough in ("2.0-1~esm1", "2.0-1", "2.0.19-0mosquitto1~noble1", "1:0.1"):
            self.assertEqual(self.below(enough), [], enough)

    def test_a_distribution_without_a_floor_and_a_package_that_is_not_there_are_not_judged(self) -> None:
        self.assertEqual(self.below("0.1", "debian 13"), [])
        self.assertEqual(self.below(None), [])

    def test_a_distribution_without_a_remedy_of_its_own_upgrades(self) -> None:
        self.assertRegex(self.below("1.8", "debian 12")[0], r"unattended-upgrade -v")

    def test_the_installed_version_is_dpkgs(self) -> None:
        self.assertRegex(packages.installed_version("dpkg") or "", r"^\d")
        self.assertIsNone(packages.installed_version("no-such-package"))
        self.assertRegex(packages.distribution(), r"^[a-z]+ [\d.]+$")
        self.assertIsNotNone(packages._replaced_at("dpkg"))
        self.assertIsNotNone(packages._replaced_at("libc6"))


class Cover(unittest.TestCase):
    def cover(self, covered: object, config: str = "") -> str | None:
        with mock.patch.object(packages, "installed_version", lambda _: "1"):
            [shortfall] = packages.below([{**ROW, "covered": covered}], "ubuntu 24.04", config)
        return shortfall.covered

    def test_a_hole_is_covered_always_or_by_a_line_of_the_configuration(self) -> None:
        self.assertIsNone(self.cover(None, "plugin /a/gate.so\n"))
        self.assertEqual(self.cover({"by": "the firewall"}), "the firewall")
        gate = {"by": "the gate", "line": r"^plugin \S+/gate\.so$"}
        self.assertEqual(self.cover(gate, "listener 8883\nplugin /a/gate.so\n"), "the gate")
        self.assertIsNone(self.cover(gate, "listener 8883\n# plugin /a/gate.so\n"))


class GoingLive(unittest.TestCase):
    """What activate_release asks before a machine's first release."""

    def refusal(self, row: packages.Row, config: str = "listener 8883\n") -> str:
        with (
            tempfile.TemporaryDirectory() as place,
            mock.patch.object(packages, "distribution", lambda: "ubuntu 24.04"),
            mock.patch.object(packages, "installed_version", lambda _: "1.8"),
        ):
            pathlib.Path(place, "lib").mkdir()
            pathlib.Path(place, packages.TABLE).write_text(json.dumps({"packages": [row]}), encoding="utf-8")
            pathlib.Path(place, contract.BROKER_CONFIG).write_text(config, encoding="utf-8")
            try:
                checks.check_packages(place)
            except Refused as reason:
                return str(reason)
            pathlib.Path(place, packages.TABLE).unlink()
            checks.check_packages(place)
            return ""

    def test_an_open_hole_is_refused_with_what_to_do(self) -> None:
        self.assertEqual(self.refusal(ROW), "broker 1.8 is below 2.0-1~esm1 (CVE-1); open to anyone; attach")

    def test_one_that_the_configuration_covers_is_not(self) -> None:
        row = {**ROW, "covered": {"by": "the gate", "line": "^plugin "}}
        self.assertRegex(self.refusal(row), "open to anyone")
        self.assertEqual(self.refusal(row, "plugin /gate.so\n"), "")


class Telling(unittest.TestCase):
    def test_what_the_new_release_finds_is_said(self) -> None:
        said: list[str] = []
        with tempfile.TemporaryDirectory() as place, mock.patch.object(activate_release, "say", said.append):
            activate_release.tell_of_machine(place)
            pathlib.Path(place, "bin").mkdir()
            pathlib.Path(place, "bin/check-machine.py").write_text("print('NOT ACTIVE: a.service ' + 'x' * 999)")
            activate_release.tell_of_machine(place)
        self.assertEqual(len(said), 1)
        self.assertRegex(said[0], "^NOT ACTIVE: a.service x{300,}$")
        self.assertLessEqual(len(said[0]), 400)


class Stale(unittest.TestCase):
    def test_a_unit_that_started_before_the_upgrade(self) -> None:
        for started, found in ((100.0, 1), (300.0, 0), (None, 0)):
            with (
                mock.patch.object(packages, "_replaced_at", lambda _: 200.0),
                mock.patch.object(packages, "_started_at", lambda _, started=started: started),
            ):
                self.assertEqual(len(packages.stale_units([ROW], "ubuntu 24.04")), found)


class Answers(unittest.TestCase):
    """An answer that is missing is not taken for "all is well"."""

    def test_a_program_that_fails_or_does_not_see_systemd_is_an_error(self) -> None:
        self.assertEqual(packages.said("echo", "it"), "it\n")
        for script in ("echo no >&2; exit 1", "echo 'Running in chroot, ignoring command' >&2"):
            with self.assertRaises(OSError):
                packages.said("sh", "-c", script)

    def test_check_machine_says_so_and_leaves_the_old_figures(self) -> None:
        with (
            tempfile.TemporaryDirectory() as place,
            mock.patch.object(check_machine, "findings", side_effect=OSError("systemctl: no bus")),
            mock.patch("sys.argv", ["check-machine", "--metrics", f"{place}/machine.prom"]),
        ):
            with self.assertRaisesRegex(SystemExit, "^NOT CHECKED: systemctl: no bus$"):
                check_machine.main()
            self.assertEqual(list(pathlib.Path(place).iterdir()), [])


class Table(unittest.TestCase):
    def test_every_row_says_what_a_person_needs(self) -> None:
        for row in TABLE:
            self.assertEqual(
                set(row) - {"remedy", "beyond"}, {"name", "hole", "reach", "floors", "sources", "covered", "units"}, row["name"]
            )
            self.assertTrue(row["sources"], row["name"])
            self.assertLessEqual(set(row["floors"]), {"debian 12", "debian 13", "ubuntu 24.04"})
            for floor in row["floors"].values():
                self.assertRegex(floor, r"^[a-z0-9.+-]+ [\w.:~+-]+$")
            if row["covered"]:
                self.assertLessEqual(set(row["covered"]), {"by", "line"})
                re.compile(row["covered"].get("line", ""))
