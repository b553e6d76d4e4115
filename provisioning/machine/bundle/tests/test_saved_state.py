"""What counts as a whole state of Mosquitto's, what is kept of it, and what a start takes."""

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest
from unittest import mock

from mqtt_saas import saved_state
from mqtt_saas.contract import DAMAGED, DATABASE, FORMER_STATE, WHOLE


def state(*messages: bytes) -> bytes:
    """A state with the parts that saved_state.py describes."""
    parts = [(1, struct.pack("!QBB6x", 1, 1, 8)), *((2, message) for message in messages)]
    head = saved_state.MAGIC + struct.pack("!II", 0, saved_state.VERSION)
    return head + b"".join(struct.pack("!II", kind, len(content)) + content for kind, content in parts)


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def save(self, content: bytes) -> None:
        """As Mosquitto does: beside, then renamed."""
        with open(self.path("new"), "wb") as file:
            file.write(content)
        os.replace(self.path("new"), self.path(DATABASE))

    def read(self, name: str) -> bytes:
        with open(self.path(name), "rb") as file:
            return file.read()


class Fault(Folder):
    def why(self, content: bytes) -> str | None:
        self.save(content)
        return saved_state.fault(self.path(DATABASE))

    def test_a_whole_state_has_none(self) -> None:
        self.assertIsNone(self.why(state()))
        self.assertIsNone(self.why(state(b"a", b"", b"b" * 5000)))

    def test_a_cut_one_has_wherever_it_is_cut_within_a_part(self) -> None:
        whole = state(b"a" * 20)
        for size in set(range(len(whole))) - {len(state())}:
            self.assertIsNotNone(self.why(whole[:size]), size)

    def test_so_has_one_with_other_bytes_where_the_parts_begin(self) -> None:
        whole = state(b"a" * 20)
        part = len(state())
        for at in [0, 5, 14, 22, 26, 30, part + 3, part + 7]:
            damaged = bytearray(whole)
            damaged[at] ^= 0x40
            if at == 22:
                damaged[at] = 1
            self.assertIsNotNone(self.why(bytes(damaged)), at)

    def test_a_newer_version_is_left_to_the_broker_that_wrote_it(self) -> None:
        newer = bytearray(state())
        newer[22] = saved_state.VERSION + 1
        self.assertIsNone(self.why(bytes(newer)))

    def test_what_a_broker_writes_is_whole(self) -> None:
        config = self.path("conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"listener 0 {self.folder}/socket\nallow_anonymous true\nuser root\npersistence true\n")
            file.write(f"persistence_location {self.folder}/\npersistence_file {DATABASE}\n")
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", config], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            # It listens before it handles signals, and answers after that.
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(10)
                for _ in range(100):
                    # The socket's file is there a moment before anybody listens.
                    if client.connect_ex(self.path("socket")) == 0:
                        break
                    time.sleep(0.1)
                client.sendall(bytes.fromhex("100c00044d5154540402003c0000"))
                self.assertEqual(client.recv(4), bytes.fromhex("20020000"))
        finally:
            broker.terminate()
            broker.wait()
        self.assertIsNone(saved_state.fault(self.path(DATABASE)))


class Keep(Folder):
    def test_the_last_two_whole_ones_are_kept_and_none_that_is_not(self) -> None:
        for content in (state(b"1"), state(b"2"), state(b"3")):
            self.save(content)
            self.assertIsNone(saved_state.keep(self.folder))
            self.assertIsNone(saved_state.keep(self.folder))
        self.save(b"")
        self.assertEqual(saved_state.keep(self.folder), "it has only 0 bytes")
        self.assertEqual([self.read(WHOLE), self.read(FORMER_STATE)], [state(b"3"), state(b"2")])
        self.assertEqual(sorted(os.listdir(self.folder)), sorted([DATABASE, WHOLE, FORMER_STATE]))

    def test_the_last_whole_one_can_be_read_at_every_moment(self) -> None:
        self.save(state(b"1"))
        saved_state.keep(self.folder)
        self.save(state(b"2"))
        found = []
        replace = os.replace

        def step(source: str, target: str) -> None:
            replace(source, target)
            found.append(self.read(WHOLE))

        with mock.patch("os.replace", side_effect=step):
            saved_state.keep(self.folder)
        self.assertEqual(found, [state(b"1"), state(b"2")])
        self.assertEqual([self.read(WHOLE), self.read(FORMER_STATE)], [state(b"2"), state(b"1")])


class Choose(Folder):
    def test_a_whole_state_is_left_alone_and_where_there_was_none_there_is_none(self) -> None:
        self.assertIsNone(saved_state.choose(self.folder))
        self.assertEqual(os.listdir(self.folder), [])
        self.save(state(b"1"))
        saved_state.keep(self.folder)
        self.save(state(b"2"))
        self.assertIsNone(saved_state.choose(self.folder))
        self.assertEqual(self.read(DATABASE), state(b"2"))

    def test_one_wrong_bit_anywhere_in_its_header_is_noticed_or_means_nothing(self) -> None:
        for content in (state(b"1"), state(b"2")):
            self.save(content)
            saved_state.keep(self.folder)
        for bit in range(saved_state.HEADER.size * 8):
            damaged = bytearray(state(b"2"))
            damaged[bit // 8] ^= 1 << bit % 8
            # The last whole save is the same file by another name, and shares its damage.
            with open(self.path(DATABASE), "r+b") as file:
                file.write(damaged)
            saved_state.choose(self.folder)
            checksum = 15 <= bit // 8 < 19
            self.assertEqual(self.read(DATABASE), bytes(damaged) if checksum else state(b"1"), bit)
            self.save(state(b"2"))
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path(WHOLE))
            os.link(self.path(DATABASE), self.path(WHOLE))

    def test_what_a_newer_broker_saved_twice_is_taken_and_before_that_what_the_older_one_saved(self) -> None:
        newer = bytearray(state(b"2"))
        newer[22] = saved_state.VERSION + 1
        self.save(state(b"1"))
        saved_state.keep(self.folder)
        for former in (state(b"1"), bytes(newer)):
            self.save(bytes(newer))
            saved_state.keep(self.folder)
            saved_state.choose(self.folder)
            self.assertEqual(self.read(DATABASE), former)

    def test_a_cut_one_makes_way_for_the_last_whole_one(self) -> None:
        self.save(state(b"1"))
        saved_state.keep(self.folder)
        self.save(state(b"2" * 100)[:-50])
        said = saved_state.choose(self.folder)
        self.assertIn("it ends in the middle of a part", said or "")
        self.assertEqual(self.read(DATABASE), state(b"1"))
        self.assertEqual(self.read(DAMAGED), state(b"2" * 100)[:-50])

    def test_the_one_before_is_taken_when_the_last_is_damaged_too(self) -> None:
        for content in (state(b"1"), state(b"2")):
            self.save(content)
            saved_state.keep(self.folder)
        # The same file as the state's.
        with open(self.path(DATABASE), "r+b") as file:
            file.truncate(5)
        self.assertIn(FORMER_STATE, saved_state.choose(self.folder) or "")
        self.assertEqual(self.read(DATABASE), state(b"1"))

    def test_one_that_is_gone_is_brought_back(self) -> None:
        self.save(state(b"1"))
        saved_state.keep(self.folder)
        os.remove(self.path(DATABASE))
        self.assertIn("No such file", saved_state.choose(self.folder) or "")
        self.assertEqual(self.read(DATABASE), state(b"1"))

    def test_without_a_whole_one_nothing_is_changed_and_a_person_is_asked(self) -> None:
        self.save(b"")
        with self.assertRaises(saved_state.NoState):
            saved_state.choose(self.folder)
        self.assertEqual(os.listdir(self.folder), [DATABASE])


class TakeRescued(Folder):
    def test_what_was_saved_on_the_system_disk_is_the_newest_state_when_it_is_whole(self) -> None:
        rescue = self.path("rescue")
        self.assertIsNone(saved_state.take_rescued(rescue, self.folder))
        os.mkdir(rescue)
        for content, taken in ((state(b"2")[:-1], state(b"1")), (state(b"3"), state(b"3"))):
            self.save(state(b"1"))
            with open(os.path.join(rescue, DATABASE), "wb") as file:
                file.write(content)
            self.assertIsNotNone(saved_state.take_rescued(rescue, self.folder))
            self.assertEqual(self.read(DATABASE), taken)
        self.assertEqual(os.listdir(rescue), [])
