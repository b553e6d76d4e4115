"""What a copy of the state holds, and what root reads and changes in the folder that a service owns."""

import os
import pathlib
import shutil
import stat
import tarfile
import tempfile
import unittest
from unittest import mock

from mqtt_saas import foreign, restore_state, state
from mqtt_saas.contract import DATABASE, WHOLE

NOBODY = 65534
SECRET = "only root reads this"


class State(unittest.TestCase):
    def setUp(self) -> None:
        self.place = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)
        self.place.chmod(0o755)
        self.folder = self.place / "state"
        (self.folder / "accounts").mkdir(parents=True)
        (self.place / "secret").write_text(SECRET, encoding="utf-8")
        (self.place / "secret").chmod(0o600)
        for name in (WHOLE, "accounts/registry"):
            (self.folder / name).write_text("the service's", encoding="utf-8")
        if os.geteuid() == 0:
            self.give_to_service()

    def give_to_service(self) -> None:
        for path in [self.folder, *self.folder.rglob("*")]:
            os.lchown(path, NOBODY, NOBODY)

    def unpack(self, *names: str) -> pathlib.Path:
        """A copy with these files, unpacked beside the state as restore-state does it."""
        (self.place / "content").write_text("of the copy", encoding="utf-8")
        with tarfile.open(self.place / "copy", "w:gz") as tar:
            for name in names:
                tar.add(self.place / "content", name)
        ready = self.folder / "ready"
        with foreign.acting_as_owner(str(self.folder)), open(self.place / "copy", "rb") as archive:
            state.unpack(archive, str(ready))
        return ready

    def refuses(self) -> None:
        with self.assertRaises(foreign.Untrusted):
            state.pack(str(self.folder), str(self.place / "archive"))

    def test_a_file_of_the_owner_is_read(self) -> None:
        self.assertTrue(state.pack(str(self.folder), str(self.place / "archive")))

    def test_a_link_in_place_of_a_file_or_of_a_folder_is_not_followed(self) -> None:
        outer = self.place / "outer"
        outer.mkdir()
        (outer / "registry").write_text(SECRET, encoding="utf-8")
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
        with foreign.acting_as_owner(str(self.folder)):
            with self.assertRaises(PermissionError):
                (self.folder / "link").read_text(encoding="utf-8")
            with self.assertRaises(PermissionError):
                os.chown(self.folder / "link", NOBODY, NOBODY)
            (self.folder / "new").write_text("mine", encoding="utf-8")
        self.assertEqual((self.folder / "new").stat().st_uid, NOBODY)
        self.assertEqual(os.geteuid(), 0)
        self.assertEqual(stat.S_IMODE((self.place / "secret").stat().st_mode), 0o600)

    def test_a_copy_from_before_the_gate_brings_its_state_and_leaves_the_accounts_of_now(self) -> None:
        ready = self.unpack(DATABASE, "accounts/passwords", "accounts/acl")
        self.assertEqual([path.name for path in ready.rglob("*")], [DATABASE])
        with mock.patch.object(restore_state, "systemctl"):
            restore_state.exchange_and_start(str(self.folder), str(ready), str(self.folder / "kept"))
        self.assertEqual((self.folder / DATABASE).read_text(encoding="utf-8"), "of the copy")
        self.assertEqual((self.folder / "accounts/registry").read_text(encoding="utf-8"), "the service's")

    def test_a_standby_knows_its_own_copies_by_its_name(self) -> None:
        for name, begin in (("vm-mqtt-saas-prod", "state-"), ("vm-mqtt-saas-prod-standby", "state-standby-")):
            with mock.patch("socket.gethostname", return_value=name):
                self.assertEqual(state.prefix(), begin)

    def test_an_archive_of_other_files_is_not_a_copy(self) -> None:
        for names in ((DATABASE,), (DATABASE, "accounts/registry", "more"), (DATABASE, "accounts/../../registry")):
            with self.assertRaisesRegex(ValueError, "does not hold exactly"):
                self.unpack(*names)
            (self.folder / "ready").rmdir()
