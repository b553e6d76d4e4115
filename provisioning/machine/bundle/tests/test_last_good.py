"""last_good.py: runs that keep something at once, as a start of the broker and a renewal may."""

import multiprocessing
import os
import tempfile
import unittest
from unittest import mock

from mqtt_saas import last_good


def keep_often(folder: str, run: int, said: str) -> None:
    last_good.FOLDER = folder
    with open(said, "w", encoding="utf-8") as stream, mock.patch("sys.stderr", stream):
        for turn in range(100):
            last_good.keep("certificate", {"server.crt": f"{run} {turn}"})


class LastGood(unittest.TestCase):
    def test_runs_at_once_take_nothing_from_each_other(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = os.path.join(place, "last-good")
            said = [os.path.join(place, str(run)) for run in range(4)]
            runs = [multiprocessing.Process(target=keep_often, args=(folder, run, path)) for run, path in enumerate(said)]
            for process in runs:
                process.start()
            for process in runs:
                process.join()
            for path in said:
                with open(path, encoding="utf-8") as stream:
                    self.assertEqual(stream.read(), "")
            self.assertEqual(os.listdir(folder), ["certificate.json"])
            last_good.FOLDER = folder
            self.assertRegex((last_good.recall("certificate") or {}).get("server.crt", ""), r"^\d 99$")


if __name__ == "__main__":
    unittest.main()
