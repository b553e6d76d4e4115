"""send_figures.py: what a metric is made of, what is left out, and in which words Azure gets it."""

import io
import os
import pathlib
import tempfile
import unittest
from contextlib import redirect_stderr

from mqtt_saas import figures, send_figures

NOW = 1_800_000_000.0
WANTED = {"namespace": "Ours", "metrics": {"Up": {"figure": "mqtt_saas_up"}, "Age": {"since": "mqtt_saas_then"}}}


class SendFigures(unittest.TestCase):
    def test_ages_days_and_parts_are_made_of_figures(self) -> None:
        known = {"then": NOW - 90, "end": NOW + 3 * 86_400, "part": 30.0, "whole": 40.0, "zero": 0.0}
        for made_of, value in (
            ({"figure": "part"}, 30),
            ({"since": "then"}, 90),
            ({"since": "end"}, 0),
            ({"daysUntil": "end"}, 3),
            ({"part": "part", "whole": "whole"}, 75),
        ):
            self.assertEqual(send_figures.worth(made_of, known, NOW), value, made_of)

    def test_what_cannot_be_calculated_is_left_out(self) -> None:
        known = {"part": 1.0, "zero": 0.0}
        for made_of in ({"figure": "no"}, {"since": "no"}, {"part": "part", "whole": "no"}, {"part": "part", "whole": "zero"}):
            self.assertIsNone(send_figures.worth(made_of, known, NOW), made_of)
        self.assertEqual(send_figures.points(WANTED, {}, NOW), [])

    def test_a_point_says_when_in_utc_and_all_sums_are_the_value(self) -> None:
        [point] = send_figures.points(WANTED, {"mqtt_saas_up": 7.0}, NOW)
        self.assertEqual(point["time"], "2027-01-15T08:00:00Z")
        self.assertEqual(
            point["data"]["baseData"],
            {"metric": "Up", "namespace": "Ours", "series": [{"min": 7.0, "max": 7.0, "sum": 7.0, "count": 1}]},
        )

    def test_figures_of_all_services_are_read_and_no_name_that_leads_elsewhere(self) -> None:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "one").mkdir()
        figures.write(str(folder / "one/a.prom"), "mqtt_saas_a", {'x{name="b"}': 1, "x": 0.5})
        figures.write(str(folder / "b.prom"), "mqtt_saas_b", {"y": 2})
        (folder / "outside").write_text("secret 5\n", encoding="ascii")
        (folder / "one/link.prom").symlink_to(folder / "outside")
        os.mkfifo(folder / "one/pipe.prom")
        (folder / "one/big.prom").write_text("big 1\n" * 100_000, encoding="ascii")
        (folder / "loop").symlink_to(folder)
        with redirect_stderr(io.StringIO()) as said:
            found = figures.read_all(str(folder), str(folder / "missing"))
        self.assertEqual(found, {'mqtt_saas_a_x{name="b"}': 1, "mqtt_saas_a_x": 0.5, "mqtt_saas_b_y": 2})
        self.assertEqual(said.getvalue().count("left out"), 3)

    def test_a_service_cannot_fill_the_list_with_files(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for number in range(figures.MOST_FILES + 1):
            figures.write(os.path.join(folder, f"{number:02}.prom"), "f", {f"n{number}": 1})
        self.assertEqual(len(figures.read_all(folder)), figures.MOST_FILES)

    def test_the_text_for_prometheus_keeps_a_family_together(self) -> None:
        text = figures.text({'m_x{name="a"}': 1, "m_x_count": 1, "m_x": 0.25})
        self.assertEqual(text, '# TYPE m_x gauge\nm_x 0.250\nm_x{name="a"} 1\n# TYPE m_x_count gauge\nm_x_count 1\n')
