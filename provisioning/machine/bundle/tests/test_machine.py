"""What machine.py decides: what is replaced, what starts again, and whether the broker is restarted, reloaded or left alone."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from collections.abc import Callable
from unittest import mock

from mqtt_saas import contract, data_disk, machine
from mqtt_saas import release as releases_here
from mqtt_saas.release import files

TEMPLATE = pathlib.Path(__file__).parents[3] / "broker/mosquitto.tmpl.conf"
# Options of the template that Mosquitto reads at its start only: mosquitto.conf(5) does not say "reloaded on reload signal" of
# them, or says it of their file's content. A new option of the template belongs here or into RELOADABLE.
READ_AT_START = {
    "allow_anonymous", "certfile", "ciphers", "ciphers_tls1.3", "keyfile", "listener", "log_dest", "max_connections",
    "max_qos", "per_listener_settings", "persistence", "persistence_file", "persistence_location", "plugin",
    "plugin_opt_figures_file", "plugin_opt_key_file", "plugin_opt_max_payload", "plugin_opt_max_queued_bytes",
    "plugin_opt_max_queued_messages", "plugin_opt_registry_file", "plugin_opt_state_file",
    "plugin_opt_tenant_connections", "plugin_opt_tenant_rate", "protocol",
    "tls_version", "use_username_as_clientid",
}  # fmt: skip
CONFIG = """# A comment.
max_queued_messages 100

listener 8883
max_connections 2000
log_type error
log_type warning
"""


class Releases(unittest.TestCase):
    """Two releases in a folder of the test's own; what would touch the machine is recorded instead."""

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.old, self.new = (os.path.join(self.place, name) for name in ("old", "new"))
        self.units = os.path.join(self.place, "etc-units")
        self.firewall = os.path.join(self.place, "etc-firewall")
        self.asked: list[str] = []
        for name, value in {"UNITS": self.units, "FIREWALL": self.firewall}.items():
            self.replace(machine, name, value)
        self.replace(machine, "_run", lambda command: self.asked.append(" ".join(command)))
        for release in (self.old, self.new):
            self.write(release, contract.BROKER_CONFIG, CONFIG)

    def replace(self, owner: object, name: str, value: object) -> None:
        patch = mock.patch.object(owner, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, folder: str, name: str, text: str) -> None:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pathlib.Path(path).write_text(text, encoding="utf-8")

    def write_both(self, name: str, text: str) -> None:
        for release in (self.old, self.new):
            self.write(release, name, text)


class NeedsRestart(Releases):
    def decide(self, config: str) -> bool:
        self.write(self.new, contract.BROKER_CONFIG, config)
        return machine._needs_restart(self.new, self.old)

    def test_what_a_reload_takes_up_needs_none(self) -> None:
        for change in [
            CONFIG,
            CONFIG.replace("100", "200"),
            CONFIG.replace("max_queued_messages 100\n", ""),
            CONFIG.replace("A comment", "Another comment"),
            CONFIG.replace("\n\n", "\n"),
            CONFIG + "log_type notice\nmax_keepalive 60\n",
        ]:
            self.assertFalse(self.decide(change), change)

    def test_everything_else_does(self) -> None:
        for change in [
            CONFIG.replace("8883", "8884"),
            CONFIG.replace("listener 8883\n", ""),
            CONFIG.replace("max_connections 2000", "max_connections 100"),
            CONFIG + "allow_anonymous true\n",
            CONFIG + "listener 9001\nmax_connections 2000\n",
            CONFIG + "an_option_nobody_knows 1\n",
            CONFIG.replace("listener 8883\nmax_connections 2000", "max_connections 2000\nlistener 8883"),
        ]:
            self.assertTrue(self.decide(change), change)

    def test_every_option_of_the_template_is_known_to_be_one_or_the_other(self) -> None:
        lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
        options = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
        self.assertGreater(len(options), 25)
        self.assertEqual(options - machine.RELOADABLE, READ_AT_START)
        self.assertEqual(machine.RELOADABLE & READ_AT_START, set())


class Differs(Releases):
    def test_files_and_folders(self) -> None:
        self.write_both("a/b", "1")
        self.write_both("a/c/d", "1")
        self.assertFalse(machine.differs(self.new, self.old, "a", contract.BROKER_CONFIG, "neither/has/this"))
        self.write(self.new, "a/c/d", "2")
        self.assertTrue(machine.differs(self.new, self.old, "a"))
        self.assertTrue(machine.differs(self.new, self.old, "x", "a/c/d"))
        self.assertFalse(machine.differs(self.new, self.old, "a/b"))

    def test_what_only_one_has(self) -> None:
        self.write(self.new, "a/b", "1")
        self.assertTrue(machine.differs(self.new, self.old, "a"))
        self.assertTrue(machine.differs(self.old, self.new, "a"))
        self.assertTrue(machine.differs(self.new, None, "a"))
        # Where there was nothing, all is new.
        self.assertTrue(machine.differs(self.new, None, "b"))


class InstallUnits(Releases):
    def test_what_is_new_or_changed_is_copied_and_what_is_gone_goes(self) -> None:
        self.write_both("units/stays.service", "1")
        self.write_both("units/changes.timer", "1")
        self.write(self.old, "units/goes.timer", "1")
        self.write(self.old, "units/stays.service.d/10-goes.conf", "1")
        self.assertTrue(machine._install_units(self.old, None))
        self.assertFalse(machine._install_units(self.old, self.old))
        self.write(self.units, "somebody-elses.service", "1")
        self.write(self.new, "units/changes.timer", "2")
        self.asked.clear()
        self.assertTrue(machine._install_units(self.new, self.old))
        found = {os.path.relpath(path, self.units) for path in files(self.units)}
        self.assertEqual(found, {"stays.service", "changes.timer", "somebody-elses.service"})
        self.assertEqual(machine.content(self.units, "changes.timer"), b"2")
        self.assertEqual(os.stat(os.path.join(self.units, "changes.timer")).st_mode & 0o777, 0o644)
        # A drop-in is not a unit: there is nothing to disable.
        self.assertEqual(self.asked, ["systemctl disable --now goes.timer"])

    def test_what_a_person_changed_on_the_machine_is_put_right(self) -> None:
        self.write(self.new, "units/a.service", "1")
        machine._install_units(self.new, self.new)
        self.write(self.units, "a.service", "changed")
        self.assertTrue(machine._install_units(self.new, self.new))
        self.assertEqual(machine.content(self.units, "a.service"), b"1")


class StartUnits(Releases):
    def setUp(self) -> None:
        super().setUp()
        install = "\n[Install]\nWantedBy=multi-user.target\n"
        self.write_both("units/always.service", f"[Service]\nExecStart=/bin/a\n{install}")
        self.write_both("units/once.service", f"[Service]\nType=oneshot\n{install}")
        self.write_both("units/called.service", "[Service]\nType=oneshot\n")
        self.write_both("units/often.timer", f"[Timer]\n{install}")
        self.write_both("units/mosquitto.service.d/10.conf", install)
        for name in machine.READ_BY_UNITS:
            self.write_both(name if "." in name else f"{name}/file", "1")

    def test_what_is_installed_is_enabled_and_what_runs_always_is_started(self) -> None:
        machine._start_units(self.new, self.old)
        self.assertEqual(
            self.asked,
            ["systemctl enable always.service often.timer once.service", "systemctl start always.service often.timer"],
        )

    def test_what_reads_something_that_changed_starts_again(self) -> None:
        for name in ["bin/file", "lib/file", "units/called.service", contract.SETTINGS, os.path.basename(contract.FILE)]:
            self.asked.clear()
            before = machine.content(self.old, name) or b""
            self.write(self.new, name, f"{before.decode()}\n# changed\n")
            machine._start_units(self.new, self.old)
            self.assertEqual(self.asked[-1], "systemctl restart always.service often.timer", name)
            self.write(self.new, name, before.decode())

    def test_a_change_of_the_brokers_configuration_is_none_of_theirs(self) -> None:
        self.write(self.new, contract.BROKER_CONFIG, "another")
        machine._start_units(self.new, self.old)
        self.assertEqual(self.asked[-1], "systemctl start always.service often.timer")


class BringUpBroker(Releases):
    def setUp(self) -> None:
        super().setUp()
        self.is_active = True
        self.waits: list[tuple[float, tuple[str, ...]]] = []
        self.replace(machine, "subprocess", mock.Mock(run=lambda *_, **__: mock.Mock(returncode=0 if self.is_active else 3)))

        def wait(patience: float, hopeless: tuple[str, ...] = ("failed",)) -> None:
            self.waits.append((patience, hopeless))

        self.replace(machine, "_wait_for_broker", wait)
        self.write_both(f"units/{contract.BROKER}.d/10.conf", "1")

    def test_a_broker_that_runs_well_is_left_alone(self) -> None:
        self.assertEqual(machine._bring_up_broker(self.new, self.old), "left alone")
        self.assertEqual(self.asked, [])

    def test_a_value_that_can_be_reloaded_is(self) -> None:
        self.write(self.new, contract.BROKER_CONFIG, CONFIG.replace("100", "200"))
        self.assertRegex(machine._bring_up_broker(self.new, self.old), "told to reload")
        self.assertEqual(self.asked, [f"systemctl reload {contract.BROKER}"])

    def test_it_is_restarted_for_any_other_value_a_drop_in_or_when_nothing_was_in_force(self) -> None:
        def restarts(old: str | None) -> None:
            self.asked.clear()
            self.assertEqual(machine._bring_up_broker(self.new, old), "restarted")
            self.assertEqual(self.asked, [f"systemctl restart --no-block {contract.BROKER}"])
            # What fails now is this configuration.
            self.assertEqual(self.waits[-1], (machine.PATIENCE_SECONDS, ("failed", "auto-restart")))

        restarts(None)
        self.write(self.new, contract.BROKER_CONFIG, CONFIG.replace("8883", "8884"))
        restarts(self.old)
        self.write(self.new, contract.BROKER_CONFIG, CONFIG)
        self.write(self.new, f"units/{contract.BROKER}.d/20.conf", "1")
        restarts(self.old)

    def test_one_that_does_not_run_is_started_and_on_a_first_boot_waited_for_longer(self) -> None:
        self.is_active = False
        certificate = os.path.join(self.place, "server.crt")
        self.replace(machine, "SERVER_CERTIFICATE", certificate)
        self.assertEqual(machine._bring_up_broker(self.new, self.old), "started")
        self.assertEqual(
            self.asked, [f"systemctl {verb} {contract.BROKER}" for verb in ("unmask", "enable", "start --no-block")]
        )
        self.write(self.place, "server.crt", "")
        machine._bring_up_broker(self.new, self.old)
        patience = [machine.FIRST_PATIENCE_SECONDS, machine.PATIENCE_SECONDS]
        self.assertEqual(self.waits, [(seconds, ("failed",)) for seconds in patience])


class WaitForBroker(Releases):
    def wait(self, *states: str, hopeless: tuple[str, ...] = ("failed",)) -> None:
        """Each look at the broker is a second later and finds the next state, at last always the last one."""
        left = list(states)
        self.seconds = 0.0

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            if command[0] == "journalctl":
                return subprocess.CompletedProcess(command, 0, "its last\nwords\n")
            return subprocess.CompletedProcess(command, 0, left.pop(0) if len(left) > 1 else left[0])

        def sleep(_: float) -> None:
            self.seconds += 1

        self.replace(machine, "subprocess", mock.Mock(run=run))
        self.replace(machine, "time", mock.Mock(monotonic=lambda: self.seconds, sleep=sleep))
        machine._wait_for_broker(5, hopeless)

    def test_until_it_is_up(self) -> None:
        self.wait("activating\nstart-pre\n", "activating\nauto-restart\n", "active\nrunning\n")
        self.assertEqual(self.seconds, 2)

    def test_not_when_it_is_hopeless(self) -> None:
        for states, hopeless, seconds in [
            (["failed\nfailed\n"], ("failed",), 0),
            (["activating\nauto-restart\n"], ("failed", "auto-restart"), 0),
            (["activating\nauto-restart\n"], ("failed",), 6),
        ]:
            with self.assertRaisesRegex(machine.ActivationFailure, "does not start: its last words"):
                self.wait(*states, hopeless=hopeless)
            self.assertEqual(self.seconds, seconds, states)


class LoadFirewall(Releases):
    def load(self, is_loaded: bool) -> list[str]:
        self.asked.clear()
        found = mock.Mock(run=lambda *_, **__: mock.Mock(returncode=0 if is_loaded else 1))
        self.replace(machine, "subprocess", found)
        machine._load_firewall(self.new)
        return self.asked

    def test_it_is_loaded_unless_this_very_one_is(self) -> None:
        self.write(self.new, contract.FIREWALL, "table inet mqtt_saas {}")
        self.assertEqual(self.load(is_loaded=True), [f"nft -f {self.firewall}"])
        self.assertEqual(self.load(is_loaded=True), [])
        # Somebody flushed it.
        self.assertEqual(self.load(is_loaded=False), [f"nft -f {self.firewall}"])
        self.write(self.new, contract.FIREWALL, "table inet mqtt_saas { another }")
        self.assertEqual(self.load(is_loaded=True), [f"nft -f {self.firewall}"])
        self.assertEqual(machine.content("/", self.firewall), b"table inet mqtt_saas { another }")


class Activate(Releases):
    def test_the_order(self) -> None:
        """What guards comes first; the broker comes last, when everything that it reads is there."""
        steps: list[str] = []

        def step(name: str) -> Callable[..., str]:
            def note(*_: object) -> str:
                steps.append(name)
                return name

            return note

        names = ["_switch_to", "_load_firewall", "_install_units", "_start_units", "_bring_up_broker"]
        for name in names:
            self.replace(machine, name, step(name))
        self.replace(data_disk, "make_room", step("make_room"))
        self.replace(machine, "_run", lambda command: steps.append(re.sub(".*/", "", " ".join(command))))
        machine.activate(self.new, self.old)
        self.assertEqual(
            steps,
            [
                *names[:3],
                "systemctl daemon-reload",
                "make_room",
                "prepare-broker.sh",
                *names[3:],
            ],
        )


class ClearAway(Releases):
    def test_the_newest_stay_the_one_in_force_and_the_former_one(self) -> None:
        releases = os.path.join(self.place, "releases")
        for age, letter in enumerate(["f", "e", "d", "c", "b", "a"]):
            os.makedirs(os.path.join(releases, letter * 64))
            os.utime(os.path.join(releases, letter * 64), (1000 - age, 1000 - age))
        # Of attempts that were cut short.
        self.write(releases, f"{'1' * 64}.new/bin/file", "half")
        self.write(releases, f"{'1' * 64}.tgz.part", "half")
        for name, letter in (("current", "a"), ("former", "b")):
            os.symlink(os.path.join(releases, letter * 64), os.path.join(self.place, name))
            self.replace(machine, name.upper(), os.path.join(self.place, name))
        for owner in (machine, releases_here):
            self.replace(owner, "RELEASES", releases)
        machine.clear_away()
        self.assertEqual(sorted(os.listdir(releases)), [letter * 64 for letter in "abdef"])

    def test_the_link_is_switched_in_one_step_also_after_an_attempt_that_was_cut_short(self) -> None:
        current = os.path.join(self.place, "current")
        self.replace(machine, "CURRENT", current)
        os.symlink("/nowhere", f"{current}.new")
        for release in (self.old, self.new):
            machine._switch_to(release)
            self.assertEqual(os.readlink(current), release)
        self.assertFalse(os.path.lexists(f"{current}.new"))
