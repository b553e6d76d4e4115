"""durable.py: in what order names and contents reach the disk, and that nothing else on the machine renames or links."""

import os
import pathlib
import re
import tempfile
import unittest
from unittest import mock

from mqtt_saas import contract, durable

# What gives a file a name that it is found by. A throw-away broker's and a checker's copies are not to be found;
# saved_state.py names what the broker synced, every few seconds, and syncs the folder once after all names.
NAMES = re.compile(r"\b(os\.(replace|rename|link|symlink)|shutil\.(move|copy\w*?(?<!fileobj))|mkstemp)\(")
ELSEWHERE = {
    "checks.py": ["shutil.copy("],
    "rehearse_state.py": ["os.symlink("],
    "restore_state.py": ["shutil.copytree("],
    "saved_state.py": ["os.link(", "os.link(", "os.replace(", "os.link("],
}


class Durable(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = os.path.realpath(place.name)
        self.path = os.path.join(self.place, "file")
        self.steps: list[str] = []
        replace, fsync = os.replace, os.fsync

        def note_replace(source: str, target: str) -> None:
            self.steps.append(f"{self.short(source)} becomes {self.short(target)}")
            replace(source, target)

        def note_fsync(descriptor: int) -> None:
            self.steps.append(f"sync {self.short(os.readlink(f'/proc/self/fd/{descriptor}'))}")
            fsync(descriptor)

        for patch in (mock.patch("os.replace", note_replace), mock.patch("os.fsync", note_fsync)):
            patch.start()
            self.addCleanup(patch.stop)

    def short(self, path: str) -> str:
        return os.path.relpath(path, self.place)

    def test_a_file_is_on_the_disk_before_its_name_and_its_folder_after(self) -> None:
        durable.write(self.path, "text", 0o640)
        self.assertEqual(self.steps, ["sync file.new", "file.new becomes file", "sync ."])
        self.assertEqual(pathlib.Path(self.path).read_text(encoding="utf-8"), "text")
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o640)

    def test_what_an_attempt_left_or_somebody_put_in_the_way_is_not_written_through(self) -> None:
        other = pathlib.Path(self.place, "other")
        other.write_text("untouched", encoding="utf-8")
        for put in (lambda path: os.symlink(other, path), lambda path: pathlib.Path(path).write_bytes(b"half")):
            put(f"{self.path}.new")
            durable.write(self.path, b"whole")
            self.assertEqual(pathlib.Path(self.path).read_bytes(), b"whole")
            self.assertEqual(other.read_text(encoding="utf-8"), "untouched")

    def test_an_attempt_that_fails_leaves_the_old_file_and_nothing_beside(self) -> None:
        durable.write(self.path, "old")
        with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")), self.assertRaises(OSError):
            durable.write(self.path, "new")
        self.assertEqual(os.listdir(self.place), ["file"])
        self.assertEqual(pathlib.Path(self.path).read_text(encoding="utf-8"), "old")

    def test_a_link_is_switched_in_one_step(self) -> None:
        os.symlink("/nowhere", f"{self.path}.new")
        for target in ("a", "b"):
            self.steps.clear()
            durable.link(target, self.path)
            self.assertEqual(os.readlink(self.path), target)
            self.assertEqual(self.steps, ["file.new becomes file", "sync ."])

    def test_a_rename_between_folders_syncs_both(self) -> None:
        durable.make_folder(os.path.join(self.place, "a/b"))
        self.assertEqual(self.steps, ["sync .", "sync a"])
        durable.write(self.path, "")
        self.steps.clear()
        durable.rename(self.path, os.path.join(self.place, "a/b/c"))
        self.assertEqual(self.steps, ["file becomes a/b/c", "sync a/b", "sync ."])

    def test_a_tree_is_synced_from_its_leaves_and_no_link_is_followed(self) -> None:
        durable.make_folder(os.path.join(self.place, "a/b"))
        durable.write(os.path.join(self.place, "a/b/c"), "")
        os.symlink("/dev/null", os.path.join(self.place, "a/link"))
        self.steps.clear()
        durable.sync_tree(os.path.join(self.place, "a"))
        self.assertEqual(self.steps, ["sync a/b/c", "sync a/b", "sync a"])


class Everybody(unittest.TestCase):
    def test_nobody_else_renames_or_links(self) -> None:
        found = {
            path.name: [match.group() for match in NAMES.finditer(path.read_text(encoding="utf-8"))]
            for path in sorted(pathlib.Path(contract.RELEASE, "bin").rglob("*"))
            if path.is_file() and path.name != "durable.py"
        }
        self.assertEqual({name: calls for name, calls in found.items() if calls}, ELSEWHERE)
