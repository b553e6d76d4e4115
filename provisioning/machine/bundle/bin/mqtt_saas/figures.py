"""What the programs tell of themselves, in Prometheus' text form, as node exporter's textfile collector reads it.

A figure says a result: how old what is good is, not that something ran. docs/machine.md lists them all.
"""

import os
import re
import sys
from collections.abc import Mapping

from mqtt_saas import durable, foreign

LINE = re.compile(r"^(\w+(?:\{[^}\n]*\})?) (-?[0-9.]+)$", re.MULTILINE)
# Of one folder. A service has one or two.
MOST_FILES = 16


def write(path: str, prefix: str, values: Mapping[str, float]) -> None:
    """Gauges. A name ends with its unit, and may have labels."""
    durable.write(path, text({f"{prefix}_{name}": value for name, value in values.items()}), 0o644)


def text(values: Mapping[str, float]) -> str:
    lines: list[str] = []
    family = ""
    for name, value in sorted(values.items(), key=lambda figure: figure[0].partition("{")):
        if family != (family := name.partition("{")[0]):
            lines.append(f"# TYPE {family} gauge")
        lines.append(f"{name} {int(value) if value == int(value) else format(value, '.3f')}")
    return "\n".join(lines) + "\n"


def read(path: str, prefix: str) -> dict[str, float]:
    """What was written last; nothing when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            found = LINE.findall(file.read())
    except FileNotFoundError:
        return {}
    return {name.removeprefix(f"{prefix}_"): float(value) for name, value in found}


def read_all(*folders: str) -> dict[str, float]:
    """What all programs wrote last in these folders and the services' in them, by the whole name with its labels.

    What is not a small file of its folder's user is left out: root reads here, and services put names there.
    """
    found: dict[str, float] = {}
    for place in sorted(place for folder in folders for place in _with_services(folder)):
        for name in sorted(name for name in os.listdir(place) if name.endswith(".prom"))[:MOST_FILES]:
            try:
                lines = LINE.findall(foreign.read_text(place, name))
            except OSError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
            found.update((figure, float(value)) for figure, value in lines)
    return found


def _with_services(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [folder, *(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))]
    except FileNotFoundError:
        return []


def update(path: str, prefix: str, values: Mapping[str, float]) -> None:
    """Changes some, and keeps the others: a failure does not take away when the last success was."""
    write(path, prefix, {**read(path, prefix), **values})
