"""What root reads in a folder that a service owns, and with whose rights it changes something there."""

import os
import pathlib
import shutil
import stat
import tempfile
import unittest

from mqtt_saas import foreign, owned, state
from mqtt_saas.contract import WHOLE

NOBODY = 65534
SECRET = "only root reads this"


class Owned(unittest.TestCase):
    def setUp(self) -> None:
        self.place = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)
        self.place.chmod(0o755)
        self.folder = self.place / "state"
        (self.folder / "accounts").mkdir(parents=True)
        (self.place / "secret").write_text(SECRET, encoding="utf-8")
        (self.place / "secret").chmod(0o600)
        for name in (WHOLE, "accounts/passwords", "accounts/acl"):
            (self.folder / name).write_text("the service's", encoding="utf-8")
        if os.geteuid() == 0:
            self.give_to_service()

    def give_to_service(self) -> None:
        for path in [self.folder, *self.folder.rglob("*")]:
            os.lchown(path, NOBODY, NOBODY)

    def refuses(self) -> None:
        with self.assertRaises(foreign.Untrusted):
            state.pack(str(self.folder), str(self.place / "archive"))

    def test_a_file_of_the_owner_is_read(self) -> None:
        self.assertTrue(state.pack(str(self.folder), str(self.place / "archive")))

    def test_a_link_in_place_of_a_file_or_of_a_folder_is_not_followed(self) -> None:
        outer = self.place / "outer"
        outer.mkdir()
        (outer / "passwords").write_text(SECRET, encoding="utf-8")
        for name, target in ((WHOLE, self.place / "secret"), ("accounts", outer)):
            path, aside = self.folder / name, self.folder / "aside"
            path.rename(aside)
            path.symlink_to(target)
            with self.assertRaises(OSError):
                state.pack(str(self.folder), str(self.place / f"archive-{name}"))
            path.unlink()
            aside.rename(path)

    def test_a_pipe_holds_nobody_up(self) -> None:
        (self.folder / WHOLE).unlink()
        os.mkfifo(self.folder / WHOLE)
        self.refuses()

    @unittest.skipIf(os.geteuid() != 0, "only root has others' rights to give up")
    def test_a_file_of_somebody_else_is_refused(self) -> None:
        os.chown(self.folder / WHOLE, 0, 0)
        self.refuses()

    @unittest.skipIf(os.geteuid() != 0, "only root has folders of root's")
    def test_nor_one_of_roots_in_a_folder_of_roots_where_services_put_files(self) -> None:
        os.chown(self.folder, 0, 0)
        self.refuses()

    @unittest.skipIf(os.geteuid() != 0, "only root has others' rights to give up")
    def test_what_is_done_as_the_owner_reaches_nothing_of_roots(self) -> None:
        (self.folder / "link").symlink_to(self.place / "secret")
        with owned.acting_as_owner(str(self.folder)):
            with self.assertRaises(PermissionError):
                (self.folder / "link").read_text(encoding="utf-8")
            with self.assertRaises(PermissionError):
                os.chown(self.folder / "link", NOBODY, NOBODY)
            (self.folder / "new").write_text("mine", encoding="utf-8")
        self.assertEqual((self.folder / "new").stat().st_uid, NOBODY)
        self.assertEqual(os.geteuid(), 0)
        self.assertEqual(stat.S_IMODE((self.place / "secret").stat().st_mode), 0o600)
