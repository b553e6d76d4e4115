"""systemd hears that a program goes round, and not more often than it needs to."""

import os
import socket
import tempfile
import unittest
from unittest import mock

from mqtt_saas import watchdog


class Alive(unittest.TestCase):
    def test_it_is_said_once_in_a_while_and_only_where_it_is_asked_for(self) -> None:
        with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            path = os.path.join(place, "notify")
            systemd.bind(path)
            systemd.setblocking(False)
            now = [1000.0]
            with mock.patch("time.monotonic", lambda: now[0]), mock.patch.object(watchdog, "_told", float("-inf")):
                watchdog.alive()
                with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": path}):
                    for later in (1000.0, 1001.0, 1009.0, 1010.0):
                        now[0] = later
                        watchdog.alive()
            self.assertEqual([systemd.recv(100), systemd.recv(100)], [b"WATCHDOG=1"] * 2)
            with self.assertRaises(BlockingIOError):
                systemd.recv(100)
