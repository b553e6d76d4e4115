"""What checks.py refuses before anything is touched, and whom it asks."""

import json
import os
import pathlib
import shutil
import tempfile
import unittest
from unittest import mock

from mqtt_saas import checks, contract
from mqtt_saas.release import Refused, files

SETTINGS = {"vaultUri": "https://v", "secrets": {}, "blobUri": "https://b", "brokerHost": "mqtt.example.com"}


class CheckFiles(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.release = os.path.join(place.name, "release")
        shutil.copytree(contract.RELEASE, self.release)
        for name in (contract.GATE, contract.BROKER_CONFIG, contract.FIREWALL):
            self.write(name, "")
        self.write(contract.SETTINGS, json.dumps(SETTINGS))

    def write(self, name: str, text: str) -> None:
        pathlib.Path(self.release, name).write_text(text, encoding="utf-8")

    def refused(self, reason: str) -> None:
        with self.assertRaisesRegex(Refused, reason):
            checks.check_files(self.release)

    def test_a_whole_one_passes(self) -> None:
        checks.check_files(self.release)

    def test_one_without_a_file_is_refused(self) -> None:
        for name in checks.REQUIRED:
            path = pathlib.Path(self.release, name)
            text = path.read_text(encoding="utf-8")
            path.unlink()
            self.refused(f"{name} is missing")
            self.write(name, text)

    def test_one_whose_settings_lack_something_is_refused(self) -> None:
        for key in SETTINGS:
            self.write(contract.SETTINGS, json.dumps({name: value for name, value in SETTINGS.items() if name != key}))
            self.refused(f"{contract.SETTINGS} cannot be used: KeyError: '{key}'")
        for text in ("{", "[]"):
            self.write(contract.SETTINGS, text)
            self.refused(f"{contract.SETTINGS} cannot be used")

    def test_one_with_a_program_that_is_none_is_refused(self) -> None:
        self.write("bin/mqtt_saas/state.py", "def save(:\n")
        self.refused("bin/mqtt_saas/state.py is not a program: invalid syntax")
        self.write("bin/mqtt_saas/state.py", "")
        self.write("bin/prepare-broker.sh", "if true\n")
        self.refused("sh: ")

    def test_one_whose_applier_does_not_start_is_refused(self) -> None:
        for name in ("broker_apply", "activate_release"):
            path = f"bin/mqtt_saas/{name}.py"
            text = pathlib.Path(self.release, path).read_text(encoding="utf-8")
            self.write(path, f"import a_module_that_nobody_has\n{text}")
            self.refused("No module named 'a_module_that_nobody_has'")
            self.write(path, text)

    def test_one_whose_contract_cannot_be_used_is_refused(self) -> None:
        contract_file = os.path.basename(contract.FILE)
        self.write(contract_file, "{}")
        self.refused(f"{contract_file} cannot be used .KeyError")
        os.remove(os.path.join(self.release, contract_file))
        self.refused(f"{contract_file} cannot be used .FileNotFoundError")

    def test_one_from_before_there_was_a_contract_passes(self) -> None:
        """So that a deployment can go back to it."""
        shutil.rmtree(os.path.join(self.release, "bin/mqtt_saas"))
        os.remove(os.path.join(self.release, os.path.basename(contract.FILE)))
        for name in ("broker-apply.py", "activate-release.py"):
            self.write(f"bin/{name}", "import sys; sys.path.insert(0, '../lib')")
        for name in os.listdir(os.path.join(self.release, "bin")):
            if name not in ("broker-apply.py", "activate-release.py", "prepare-broker.sh"):
                os.remove(os.path.join(self.release, "bin", name))
        checks.check_files(self.release)


class AskedPrograms(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.release = os.path.join(place.name, "release")
        os.makedirs(os.path.join(self.release, "units/mosquitto.service.d"))
        self.asked: list[list[str]] = []
        self.seen: dict[str, str] = {}

    def look(self, command: list[str], env: dict[str, str] | None = None) -> None:
        self.asked.append(command)
        if env:
            folder = env["SYSTEMD_UNIT_PATH"].rstrip(":")
            for path in files(folder):
                self.seen[os.path.relpath(path, folder)] = pathlib.Path(path).read_text(encoding="utf-8")

    def test_the_units_are_verified_as_they_will_be_and_the_copies_go(self) -> None:
        packaged = os.path.join(os.path.dirname(self.release), "mosquitto.service")
        pathlib.Path(packaged).write_text("packaged", encoding="utf-8")
        for name in ("a.service", "mosquitto.service.d/10.conf"):
            text = f"ExecStart={contract.CURRENT}/bin/{name}"
            pathlib.Path(self.release, "units", name).write_text(text, encoding="utf-8")
        for failure in (None, Refused("no")):

            def look(command: list[str], env: dict[str, str] | None = None, failure: Exception | None = failure) -> None:
                self.look(command, env)
                if failure and env:
                    raise failure

            self.asked.clear()
            with (
                mock.patch.object(checks, "PACKAGED_BROKER_UNIT", packaged),
                mock.patch.object(checks, "_checked", look),
                self.assertRaises(Refused) if failure else mock.MagicMock(),
            ):
                checks.check_machine(self.release)
            self.assertEqual(os.listdir(os.path.dirname(self.release)).count("release.units"), 0)
        self.assertEqual(
            self.seen,
            {
                "a.service": f"ExecStart={self.release}/bin/a.service",
                "mosquitto.service": "packaged",
                "mosquitto.service.d/10.conf": f"ExecStart={self.release}/bin/mosquitto.service.d/10.conf",
            },
        )
        self.assertEqual(self.asked[0], ["nft", "-c", "-f", os.path.join(self.release, contract.FIREWALL)])

    def test_the_throw_away_broker_is_tried_by_what_is_in_force_in_a_sandbox(self) -> None:
        with mock.patch.object(checks, "_checked", self.look):
            checks.check_broker(self.release)
        [command] = self.asked
        self.assertEqual(command[: len(checks.SANDBOX)], checks.SANDBOX)
        self.assertEqual(
            command[-2:],
            [os.path.join(contract.RELEASE, "bin/rehearse-broker.py"), os.path.join(self.release, contract.BROKER_CONFIG)],
        )

    def test_a_checkers_last_words_are_the_reason(self) -> None:
        with self.assertRaisesRegex(Refused, "^sh: so it is$"):
            checks._checked(["sh", "-c", "echo so it is >&2; exit 3"])
        with self.assertRaisesRegex(Refused, "^sh: exit 3$"):
            checks._checked(["sh", "-c", "exit 3"])
        checks._checked(["true"])
