"""When the state is not rehearsed, and what is said then. What the throw-away broker reads: state.test.ts."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

from mqtt_saas import figures, rehearse_state
from mqtt_saas.contract import WHOLE
from mqtt_saas.rehearse_state import PREFIX

MEMORY = "MemTotal:        1000 kB\nMemFree:          10 kB\nMemAvailable:    {} kB\n"


class Rehearse(unittest.TestCase):
    def test_its_memory_is_what_is_free_and_what_its_unit_lets_it_take(self) -> None:
        for available, expected in ((100, 100), (900, 400)):
            with mock.patch("builtins.open", mock.mock_open(read_data=MEMORY.format(available))):
                self.assertEqual(rehearse_state.available_memory(), expected * 1024)

    def test_where_memory_is_short_it_is_left_out_and_said(self) -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            path = os.path.join(folder, "figures")
            with open(os.path.join(folder, WHOLE), "wb") as file:
                file.write(b"x" * 100)
            arguments = ["rehearse-state", "--folder", folder, "--metrics", path]
            with mock.patch.object(sys, "argv", arguments), mock.patch.object(rehearse_state, "available_memory", lambda: 299):
                rehearse_state.main()
            self.assertIn("left out", said.getvalue())
            self.assertEqual(figures.read(path, PREFIX), {"failing": 0, "left_out": 1})
