"""What make_folders.py makes of a data disk on which all was the broker's, and that it falls for nothing planted there."""

import os
import pathlib
import pwd
import stat
import subprocess
import sys
import tempfile
import unittest

from mqtt_saas import foreign, make_folders
from mqtt_saas.contract import UIDS

BROKER, AGENT, ACME = 65534, 64101, 64102


def user(uid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((f"user-{uid}", "x", uid, uid, "", "/", "/usr/sbin/nologin"))


class Numbers(unittest.TestCase):
    def test_a_number_that_another_user_has_taken_is_refused_with_what_to_do(self) -> None:
        users = {role: user(uid) for role, uid in UIDS.items()}
        make_folders.check_numbers(users)
        with self.assertRaisesRegex(
            SystemExit, rf"has the number 998, .* expects {UIDS['agent']}, .*: getent passwd {UIDS['agent']}"
        ):
            make_folders.check_numbers({**users, "agent": user(998)})


@unittest.skipIf(os.geteuid() != 0, "needs root, to give folders away")
class Folders(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        os.chmod(place.name, 0o711)
        self.state, self.log, self.roots = (pathlib.Path(place.name, name) for name in ("state", "log", "roots"))
        for folder in (self.state, self.state / "accounts", self.state / "letsencrypt", self.log, self.roots):
            folder.mkdir(0o700)
        for name in ("mosquitto.db", "accounts/registry", "letsencrypt/key.pem"):
            (self.state / name).touch(0o600)
        (self.roots / "secret").write_text("of root")
        for where, names, files in os.walk(self.state):
            for path in [where, *(os.path.join(where, name) for name in [*names, *files])]:
                os.chown(path, BROKER, BROKER)

    def make(self) -> None:
        users = {"broker": user(BROKER), "agent": user(AGENT), "acme": user(ACME)}
        accounts, acme = str(self.state / "accounts"), str(self.state / "letsencrypt")
        make_folders.make(str(self.state), accounts, acme, str(self.log), users)

    def shape(self, name: str) -> tuple[int, int, int]:
        found = os.lstat(self.state / name)
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    def test_each_gets_its_own_whoever_had_it_and_a_second_time_changes_nothing(self) -> None:
        for _ in range(2):
            self.make()
            self.assertEqual(self.shape(""), (0, BROKER, 0o1771))
            self.assertEqual(self.shape("mosquitto.db"), (BROKER, BROKER, 0o600))
            self.assertEqual(self.shape("accounts"), (AGENT, BROKER, 0o2770))
            self.assertEqual(self.shape("accounts/registry"), (AGENT, BROKER, 0o640))
            self.assertEqual(self.shape("letsencrypt"), (ACME, ACME, 0o700))
            self.assertEqual(self.shape("letsencrypt/key.pem"), (ACME, ACME, 0o600))

    def test_a_new_disk_gets_them_too(self) -> None:
        for name in ("accounts/registry", "letsencrypt/key.pem"):
            (self.state / name).unlink()
        for name in ("accounts", "letsencrypt"):
            (self.state / name).rmdir()
        self.make()
        self.assertEqual(self.shape("accounts"), (AGENT, BROKER, 0o2770))

    def test_a_link_that_the_broker_planted_stands_for_no_folder(self) -> None:
        (self.state / "letsencrypt").rename(self.state / "other")
        (self.state / "letsencrypt").symlink_to(self.roots)
        with self.assertRaisesRegex(foreign.Untrusted, "letsencrypt is not what it should be"):
            self.make()
        self.assertEqual(os.stat(self.roots / "secret").st_uid, 0)

    def test_the_broker_can_take_away_its_own_names_only(self) -> None:
        self.make()
        program = f"""
import os
os.setgid({BROKER}); os.setuid({BROKER}); os.chdir({str(self.state)!r})
os.rename("mosquitto.db", "mosquitto.db.old")
for name in ("accounts", "letsencrypt"):
    try:
        os.rename(name, "moved")
    except PermissionError:
        print(name)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "accounts\nletsencrypt\n")
