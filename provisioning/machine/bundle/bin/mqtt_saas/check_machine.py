"""Says what is wrong with the machine's packages and units, one line each, and leaves it as figures.

    check-machine [--metrics FILE]

Lines: a package below its floor (lib/packages.json of this release), a package that no security upgrade reaches, a unit
that still runs the former version of a package, a unit that is enabled but not active, and a reboot that is due.
Runs a while after each start and deployment, and every quarter of an hour; broker-apply shows the lines, too.

Exit: 0, whatever it finds: the broker in force is not the worse for it. 1 when it could not look.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator

from mqtt_saas import figures, packages, units, upgrades
from mqtt_saas.contract import RELEASE

PREFIX = "mqtt_saas_machine"
# Made by the package scripts of a kernel or library that takes effect at the next boot only.
REBOOT_REQUIRED = "/run/reboot-required"
# What the figures are called, and what the lines begin with.
WORDS = {
    "package_below_floor": "BELOW THE FLOOR",
    "package_without_upgrades": "NO SECURITY UPGRADES",
    "unit_outdated": "RESTART DUE",
    "unit_not_active": "NOT ACTIVE",
    "reboot_required": "REBOOT DUE",
}


def findings() -> Iterator[tuple[str, str, str]]:
    """Name of the figure, what it is about, and the line's text."""
    rows, where = packages.read_table(RELEASE), packages.distribution()
    for shortfall in packages.below(rows, where, packages.read_broker_config(RELEASE)):
        yield "package_below_floor", shortfall.package, str(shortfall)
    names = [floor.partition(" ")[0] for row in rows if (floor := row["floors"].get(where))]
    for package, reason in upgrades.not_upgraded(names).items():
        yield "package_without_upgrades", package, f"{package}: {reason}"
    for text in packages.stale_units(rows, where):
        yield "unit_outdated", text.split(" ")[0], text
    for text in units.not_active():
        name = text.split(" ")[0]
        yield "unit_not_active", name, f"{text}; journalctl -u {name} says why"
    if os.path.exists(REBOOT_REQUIRED):
        yield "reboot_required", "machine", "an upgrade takes effect at the next boot, which upgrades make at 03:30"


def report(path: str | None) -> None:
    found = list(findings())
    for figure, _, text in found:
        print(f"{WORDS[figure]}: {text}", flush=True)
    if path is None:
        return
    values: dict[str, float] = {"checked_timestamp_seconds": time.time()}
    for figure in WORDS:
        values[f"{figure}_count"] = sum(name == figure for name, _, _ in found)
    for figure, about, _ in found:
        values[f'{figure}{{name="{about}"}}'] = 1
    figures.write(path, PREFIX, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metrics", help="file for the figures, in Prometheus' text form")
    options = parser.parse_args()
    try:
        report(options.metrics)
    except OSError as error:
        sys.exit(f"NOT CHECKED: {error}")
