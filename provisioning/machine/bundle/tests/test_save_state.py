"""How often save_state.py asks for a save, when it does not, and what it says of each."""

import os
import shutil
import signal
import tempfile
import unittest
from unittest import mock

from mqtt_saas import figures, reload, room, save_state, saved_state
from mqtt_saas import state as saved
from mqtt_saas.contract import DATABASE, WHOLE
from mqtt_saas.save_state import PREFIX, Saver, pause_after
from test_saved_state import state


class PauseAfter(unittest.TestCase):
    def test_a_short_save_comes_again_as_often_as_configured(self) -> None:
        for took in (None, 0.0, 0.2, 0.5):
            self.assertEqual(pause_after(took, every=5, share=0.1), 5)

    def test_a_long_one_takes_at_most_its_share_of_the_time(self) -> None:
        for took in (0.7, 3.0, 25.0):
            pause = pause_after(took, every=5, share=0.1)
            self.assertGreater(pause, 5)
            self.assertAlmostEqual(took / (took + pause), 0.1)


class Round(unittest.TestCase):
    """With a broker that saves `content` when it is asked; None: it does not."""

    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.metrics = os.path.join(self.folder, "figures")
        options = save_state.parse(["--folder", self.folder, "--metrics", self.metrics])
        self.saver = Saver(options)
        self.asked = 0
        self.said: list[str] = []
        self.content: bytes | None = state(b"1")
        for patch in (
            mock.patch.object(self.saver._broker, "find", lambda: (1, 1.0)),
            mock.patch.object(reload, "handles", lambda _, number: number == signal.SIGUSR1),
            mock.patch.object(saved, "save", self.save),
            mock.patch.object(save_state, "say", self.said.append),
            mock.patch.object(room, "hold_reserve"),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def save(self, *_: object) -> float | None:
        self.asked += 1
        if self.content is None:
            return None
        path = os.path.join(self.folder, DATABASE)
        with open(f"{path}.new", "wb") as file:
            file.write(self.content)
        os.replace(f"{path}.new", path)
        return 0.1

    def round(self) -> dict[str, float]:
        self.saver.round()
        return figures.read(self.metrics, PREFIX)

    def failing(self, found: dict[str, float]) -> list[str]:
        return [reason for reason in save_state.REASONS if found[f'failing{{reason="{reason}"}}']]

    def test_a_whole_save_is_kept_and_said_in_figures(self) -> None:
        found = self.round()
        self.assertEqual(self.failing(found), [])
        self.assertEqual(found["bytes"], len(state(b"1")))
        self.assertTrue(os.path.samefile(os.path.join(self.folder, WHOLE), os.path.join(self.folder, DATABASE)))

    def test_an_empty_save_is_not_taken_for_one(self) -> None:
        saved = self.round()["saved_timestamp_seconds"]
        self.content = b""
        found = self.round()
        self.assertEqual(self.failing(found), ["not_whole"])
        self.assertEqual([found["saved_timestamp_seconds"], found["bytes"]], [saved, len(state(b"1"))])
        self.assertIn("it has only 0 bytes", self.said[-1])
        self.assertIsNone(saved_state.fault(os.path.join(self.folder, WHOLE)))

    def test_without_room_none_is_asked_for(self) -> None:
        self.round()
        with mock.patch.object(room, "free", lambda _: 1):
            found = self.round()
            self.round()
        self.assertEqual((self.asked, self.failing(found), found["free_bytes"]), (1, ["no_room"], 1))
        self.assertEqual(len(self.said), 1)
        self.assertIn("set a larger dataDiskGb", self.said[0])
        found = self.round()
        self.assertEqual((self.asked, self.failing(found)), (2, []))
        self.assertGreater(found['failure_timestamp_seconds{reason="no_room"}'], 0)
        self.assertTrue(self.said[-1].startswith("over: "))

    def test_a_broker_that_does_not_save_and_a_disk_that_takes_nothing_are_said(self) -> None:
        self.content = None
        self.assertEqual(self.failing(self.round()), ["not_saved"])
        with mock.patch.object(room, "is_read_only", lambda _: True):
            self.assertEqual(self.failing(self.round()), ["read_only"])
        self.assertEqual(self.asked, 1)
