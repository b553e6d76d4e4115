"""What foreign.py takes from a folder that another user writes: its own regular files, whatever is planted and whenever."""

import os
import pathlib
import stat
import tempfile
import threading
import unittest

from mqtt_saas import foreign

NOBODY = 65534


class Foreign(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.roots = pathlib.Path(place.name, "secret")
        self.roots.write_text("of root")
        self.folder = pathlib.Path(place.name, "folder")
        (self.folder / "in").mkdir(parents=True)
        self.file = self.folder / "in/file"
        self.file.write_text("its own")

    def read(self, name: str = "in/file") -> str:
        return foreign.read_text(str(self.folder), name)


class Reads(Foreign):
    def test_a_regular_file_of_the_folders_user(self) -> None:
        self.assertEqual(self.read(), "its own")

    def test_no_link_at_the_end_or_on_the_way_or_out_of_it(self) -> None:
        self.file.unlink()
        self.file.symlink_to(self.roots)
        (self.folder / "way").symlink_to(self.roots.parent)
        for name in ("in/file", "way/secret", "in/../../secret", "../secret"):
            with self.assertRaises(foreign.Untrusted, msg=name):
                self.read(name)

    def test_no_folder_that_is_a_link_itself(self) -> None:
        link = self.folder.parent / "link"
        link.symlink_to(self.folder)
        with self.assertRaises(OSError):
            foreign.read_text(str(link), "in/file")

    def test_no_fifo_which_would_never_end_and_no_socket_or_folder(self) -> None:
        os.mkfifo(self.folder / "fifo")
        os.mknod(self.folder / "socket", stat.S_IFSOCK | 0o600)
        for name in ("fifo", "socket", "in"):
            with self.assertRaises(foreign.Untrusted, msg=name):
                self.read(name)

    def test_nothing_huge_and_nothing_that_is_no_text(self) -> None:
        os.truncate(self.file, 2**40)
        with self.assertRaisesRegex(foreign.Untrusted, "1099511627776 bytes, more than"):
            self.read()
        self.file.write_bytes(b"\xff")
        with self.assertRaises(foreign.Untrusted):
            self.read()

    def test_says_what_is_missing_as_missing(self) -> None:
        for name in ("in/none", "none/file"):
            with self.assertRaises(FileNotFoundError):
                self.read(name)

    def test_either_the_own_file_or_nothing_while_it_is_exchanged_all_the_time(self) -> None:
        other, end = self.folder / "in/other", threading.Event()

        def exchange() -> None:
            while not end.is_set():
                other.symlink_to(self.roots)
                os.replace(other, self.file)
                other.write_text("its own")
                os.replace(other, self.file)

        thread = threading.Thread(target=exchange)
        thread.start()
        seen = {"its own": 0, "refused": 0}
        try:
            while min(seen.values()) < 50:
                try:
                    # Empty: between the other side's creation of the file and its content there is none.
                    seen[self.read() or "its own"] += 1
                except foreign.Untrusted:
                    seen["refused"] += 1
        finally:
            end.set()
            thread.join()
        self.assertEqual(set(seen), {"its own", "refused"})


@unittest.skipIf(os.geteuid() != 0, "needs root, to have another user's files")
class Owners(Foreign):
    def test_no_file_of_another_user(self) -> None:
        os.chown(self.folder, NOBODY, NOBODY)
        os.chown(self.folder / "in", NOBODY, NOBODY)
        # A hard link to a file of root's, as it would be where links are not protected.
        self.file.unlink()
        os.link(self.roots, self.file)
        with self.assertRaisesRegex(foreign.Untrusted, "belongs to user 0"):
            self.read()
        os.chown(self.file, NOBODY, NOBODY)
        self.assertEqual(self.read(), "of root")
        os.chown(self.folder / "in", 1, 1)
        with self.assertRaisesRegex(foreign.Untrusted, "in belongs to user 1"):
            self.read()

    def test_no_device(self) -> None:
        os.mknod(self.folder / "device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        with self.assertRaises(foreign.Untrusted):
            self.read("device")

    def test_a_folder_is_made_or_given_with_all_that_is_in_it_but_not_what_links_point_to(self) -> None:
        (self.folder / "in/link").symlink_to(self.roots)
        path = str(self.folder / "in")
        foreign.make_folder(path, NOBODY, 0, 0o2770)
        foreign.give(path, NOBODY, 0, 0o640)
        found = os.stat(path)
        self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (NOBODY, 0, 0o2770))
        self.assertEqual((self.file.stat().st_uid, stat.S_IMODE(self.file.stat().st_mode)), (NOBODY, 0o640))
        self.assertEqual((self.file.parent / "link").lstat().st_uid, NOBODY)
        self.assertEqual(self.roots.stat().st_uid, 0)
        foreign.make_folder(f"{path}/new", 1, 1, 0o700)
        self.assertEqual(os.stat(f"{path}/new").st_uid, 1)

    def test_no_folder_is_made_of_a_planted_link(self) -> None:
        outside = self.roots.parent / "outside"
        outside.mkdir()
        (self.folder / "planted").symlink_to(outside)
        with self.assertRaisesRegex(foreign.Untrusted, "planted"):
            foreign.make_folder(str(self.folder / "planted"), NOBODY, NOBODY, 0o700)
        self.assertEqual(outside.stat().st_uid, 0)
