"""What goes when the data disk has no room for a save, and what stays."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import unittest
from unittest import mock

from mqtt_saas import room
from mqtt_saas.contract import DAMAGED, DATABASE, FORMER_STATE, RESERVE, WHOLE

KEPT = ["kept-20261101T000000Z", "kept-20261110T000000Z"]
NOVEMBER_16 = 1794787200


class Room(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.said: list[str] = []
        for name in (DATABASE, WHOLE, FORMER_STATE, DAMAGED, RESERVE, "accounts"):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(b"x")
        for name in KEPT:
            os.mkdir(os.path.join(self.folder, name))

    def free_as(self, *values: int) -> contextlib.AbstractContextManager[object]:
        """Free bytes, look by look; the last one stays."""
        rest = list(values)
        return mock.patch.object(room, "free", lambda _: rest.pop(0) if len(rest) > 1 else rest[0])

    def left(self) -> set[str]:
        return set(os.listdir(self.folder))

    def test_nothing_goes_while_there_is_room(self) -> None:
        before = self.left()
        with self.free_as(100):
            self.assertEqual(room.make(self.folder, 100, self.said.append), 100)
        self.assertEqual((self.left(), self.said), (before, []))

    def test_what_can_be_done_without_goes_first_and_no_more_than_is_needed(self) -> None:
        with self.free_as(0, 0, 0, 100):
            self.assertEqual(room.make(self.folder, 100, self.said.append), 100)
        self.assertEqual(self.left(), {DATABASE, WHOLE, FORMER_STATE, RESERVE, "accounts", KEPT[1]})
        self.assertEqual(len(self.said), 2)

    def test_a_reserve_that_was_cut_short_goes_too(self) -> None:
        pathlib.Path(self.folder, f"{RESERVE}.new").touch()
        with self.free_as(0, 100):
            room.make(self.folder, 100, self.said.append)
        self.assertNotIn(f"{RESERVE}.new", self.left())
        self.assertIn(RESERVE, self.left())

    def test_the_state_and_its_last_whole_save_never_go(self) -> None:
        with self.free_as(0):
            self.assertEqual(room.make(self.folder, 100, self.said.append), 0)
        self.assertEqual(self.left(), {DATABASE, WHOLE, "accounts"})

    def test_a_link_goes_not_what_it_names(self) -> None:
        other = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, other)
        path = os.path.join(self.folder, KEPT[0])
        os.rmdir(path)
        os.symlink(other, path)
        room.remove(path)
        self.assertTrue(os.path.isdir(other) and not os.path.lexists(path))

    def test_kept_states_go_when_they_are_old(self) -> None:
        room.tidy(self.folder, NOVEMBER_16, self.said.append)
        self.assertEqual(room.kept(self.folder), [KEPT[1]])

    def test_a_disk_that_takes_no_writes_is_known_by_the_file_systems_own_options(self) -> None:
        number = os.stat(self.folder).st_dev
        for options, expected in (("rw,errors=remount-ro", False), ("ro", True), ("rw,errors=remount-ro,emergency_ro", True)):
            mounts = f"36 35 {os.major(number)}:{os.minor(number)} / /x ro,noatime master:1 - ext4 /dev/x {options}\n"
            other = "37 35 0:1 / /proc rw - proc proc ro\n"
            with mock.patch("builtins.open", mock.mock_open(read_data=mounts + other)):
                self.assertEqual(room.is_read_only(self.folder), expected, options)

    def test_the_reserve_comes_back_when_there_is_room_for_it_and_a_save(self) -> None:
        path = os.path.join(self.folder, RESERVE)
        os.remove(path)
        with self.free_as(room.needed(0)), mock.patch("os.posix_fallocate") as allocate:
            room.hold_reserve(self.folder, 0, 0.05)
            allocate.assert_not_called()
        with self.free_as(2**62), mock.patch("os.posix_fallocate") as allocate:
            room.hold_reserve(self.folder, 0, 0.05)
            allocate.assert_called_once()
        self.assertTrue(os.path.exists(path))
