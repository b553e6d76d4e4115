"""The packages that face the world: which are below their floor (lib/packages.json), and which run an old version still."""

import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from typing import Any

from mqtt_saas.contract import BROKER_CONFIG

TABLE = "lib/packages.json"
DPKG = "/var/lib/dpkg/info"
Row = dict[str, Any]


@dataclass(frozen=True)
class Shortfall:
    """A package that is older than its floor. `covered`: what keeps its hole from being reached; None: nothing does."""

    row: Row
    package: str
    installed: str
    floor: str
    covered: str | None
    remedy: str

    def __str__(self) -> str:
        cover = f"covered: {self.covered}" if self.covered else f"open to {self.row['reach']}"
        return f"{self.package} {self.installed} is below {self.floor} ({self.row['hole']}); {cover}; {self.remedy}"


def read_table(release: str) -> list[Row]:
    """The rows of a release's table; none when it is older than the table."""
    try:
        with open(os.path.join(release, TABLE), encoding="utf-8") as file:
            rows: list[Row] = json.load(file)["packages"]
            return rows
    except FileNotFoundError:
        return []


def read_broker_config(release: str) -> str:
    with open(os.path.join(release, BROKER_CONFIG), encoding="utf-8") as file:
        return file.read()


def distribution() -> str:
    """As the table names it, such as `ubuntu 24.04`."""
    found = platform.freedesktop_os_release()
    return f"{found['ID']} {found.get('VERSION_ID', '')}".strip()


def below(rows: list[Row], where: str, broker_config: str) -> list[Shortfall]:
    """What is installed and older than its floor for this distribution."""
    found = []
    for row in rows:
        package, _, floor = row["floors"].get(where, "").partition(" ")
        installed = installed_version(package) if package else None
        if installed and _is_older(installed, floor):
            remedy = row.get("remedy", {}).get(where, "unattended-upgrade -v installs what the distribution has fixed")
            found.append(Shortfall(row, package, installed, floor, _cover(row, broker_config), remedy))
    return found


def _cover(row: Row, broker_config: str) -> str | None:
    covered: dict[str, str] = row["covered"] or {}
    line = covered.get("line")
    return covered.get("by") if line is None or re.search(line, broker_config, re.MULTILINE) else None


def stale_units(rows: list[Row], where: str) -> list[str]:
    """Units that started before a package they run was replaced, and so run its former version."""
    found = []
    for row in rows:
        package = row["floors"].get(where, "").partition(" ")[0]
        replaced = _replaced_at(package) if package else None
        for unit in row["units"]:
            started = _started_at(unit)
            if replaced and started and started < replaced:
                found.append(f"{unit} still runs the former version of {package}: systemctl restart {unit}")
    return found


def installed_version(package: str) -> str | None:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package]
    # It fails for a package that it has never heard of.
    status, _, version = subprocess.run(query, capture_output=True, text=True).stdout.partition(" ")
    return version if status == "installed" else None


def _is_older(version: str, floor: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", version, "lt", floor]).returncode == 0


def _replaced_at(package: str) -> float | None:
    """When dpkg unpacked it last: its list of files is written then."""
    for name in (package, f"{package}:{_architecture()}"):
        try:
            return os.stat(os.path.join(DPKG, f"{name}.list")).st_mtime
        except FileNotFoundError:
            continue
    return None


def _architecture() -> str:
    return said("dpkg", "--print-architecture").strip()


def _started_at(unit: str) -> float | None:
    """When its process started; None when it does not run."""
    show = said("systemctl", "show", "--timestamp=unix", "--property=MainPID,ExecMainStartTimestamp", unit)
    shown = dict(line.split("=", 1) for line in show.splitlines())
    if shown.get("MainPID", "0") == "0":
        return None
    return float(shown["ExecMainStartTimestamp"].removeprefix("@"))


def said(*command: str) -> str:
    """What a program says. Raises OSError when it fails: an answer that is missing must not look like a good one."""
    result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    # In a sandbox that hides systemd, systemctl answers nothing and ends well.
    if result.returncode != 0 or "chroot" in result.stderr:
        raise OSError(f"{' '.join(command)[:100]}: {result.stderr.strip() or f'exit {result.returncode}'}")
    return result.stdout
