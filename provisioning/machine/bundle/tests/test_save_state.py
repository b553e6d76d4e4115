"""How often save_state.py asks for a save."""

import unittest

from mqtt_saas.save_state import pause_after


class PauseAfter(unittest.TestCase):
    def test_a_short_save_comes_again_as_often_as_configured(self) -> None:
        for took in (None, 0.0, 0.2, 0.5):
            self.assertEqual(pause_after(took, every=5, share=0.1), 5)

    def test_a_long_one_takes_at_most_its_share_of_the_time(self) -> None:
        for took in (0.7, 3.0, 25.0):
            pause = pause_after(took, every=5, share=0.1)
            self.assertGreater(pause, 5)
            self.assertAlmostEqual(took / (took + pause), 0.1)
