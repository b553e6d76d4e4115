"""attach_pro.py: when it attaches, what it says when it cannot, and that the token goes through a pipe only."""

import shutil
import subprocess
import unittest
from unittest import mock

from mqtt_saas import attach_pro, azure, release

SETTINGS = {"vaultUri": "https://kv-mqtt-dev-1a2b3c.vault.azure.net", "proTokenSecret": "ubuntu-pro-token"}
TOKEN = "C1-the-token"


class Attach(unittest.TestCase):
    def attach(
        self, code: int = 0, words: str = "", secret: str | Exception = TOKEN, client: str | None = "/usr/bin/pro"
    ) -> str | None:
        """What it returns. `code`, `words`: what `pro attach` answers (its own exit codes: pro(1))."""
        self.asked: list[tuple[list[str], str]] = []

        def run(command: list[str], text: str = "") -> "subprocess.CompletedProcess[str]":
            self.asked.append((command, text))
            return subprocess.CompletedProcess(command, code, "", words)

        with (
            mock.patch.object(release, "settings", lambda: SETTINGS),
            mock.patch.object(azure, "vault_secret", mock.Mock(side_effect=[secret])),
            mock.patch.object(shutil, "which", lambda _: client),
            mock.patch.object(attach_pro, "_run", run),
        ):
            return attach_pro.attach()

    def test_the_token_goes_through_a_pipe_and_upgrades_begin(self) -> None:
        self.assertIsNone(self.attach())
        [(command, text), (after, _)] = self.asked
        self.assertNotIn(TOKEN, " ".join(command))
        self.assertEqual(command[-4:], ["pro", "attach", "--attach-config", "/dev/stdin"])
        self.assertEqual(text, '{"token": "C1-the-token", "enable_services": ["esm-infra", "esm-apps"]}')
        self.assertIn("apt-daily-upgrade.service", after)

    def test_a_machine_that_is_attached_is_left_alone(self) -> None:
        self.assertIsNone(self.attach(code=2, words="This machine is already attached"))
        self.assertEqual(len(self.asked), 1)

    def test_what_is_in_the_way_is_said_without_the_token(self) -> None:
        self.assertEqual(self.attach(code=1, words=f"Invalid token {TOKEN}."), "pro attach: Invalid token TOKEN.")
        self.assertRegex(
            self.attach(secret="not set\n") or "",
            "az keyvault secret set --vault-name kv-mqtt-dev-1a2b3c --name ubuntu-pro-token --file",
        )
        self.assertEqual(self.asked, [])
        self.assertRegex(self.attach(client=None) or "", "is this Ubuntu")

    def test_a_vault_that_does_not_answer_is_a_reason(self) -> None:
        with (
            mock.patch.object(release, "settings", lambda: SETTINGS),
            mock.patch.object(attach_pro, "attach", side_effect=azure.AzureError("the vault: 403")),
            self.assertRaisesRegex(SystemExit, "not attached to Ubuntu Pro: the vault: 403"),
        ):
            attach_pro.main()

    def test_nothing_happens_where_nobody_asked_for_it(self) -> None:
        with mock.patch.object(release, "settings", lambda: {"vaultUri": "https://v"}):
            attach_pro.main()
