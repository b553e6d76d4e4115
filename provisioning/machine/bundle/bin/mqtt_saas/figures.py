"""What the programs tell of themselves, in Prometheus' text form, as node exporter's textfile collector reads it.

A figure says a result: how old what is good is, not that something ran. docs/machine.md lists them all.
"""

import re
from collections.abc import Mapping

from mqtt_saas import durable

LINE = re.compile(r"^(\w+(?:\{[^}\n]*\})?) (-?[0-9.]+)$", re.MULTILINE)


def write(path: str, prefix: str, values: Mapping[str, float]) -> None:
    """Gauges. A name ends with its unit, and may have labels."""
    lines: list[str] = []
    for name, value in sorted(values.items()):
        type_line = f"# TYPE {prefix}_{name.split('{')[0]} gauge"
        if type_line not in lines:
            lines.append(type_line)
        lines.append(f"{prefix}_{name} {int(value) if value == int(value) else format(value, '.3f')}")
    durable.write(path, "\n".join(lines) + "\n", 0o644)


def read(path: str, prefix: str) -> dict[str, float]:
    """What was written last; nothing when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            found = LINE.findall(file.read())
    except FileNotFoundError:
        return {}
    return {name.removeprefix(f"{prefix}_"): float(value) for name, value in found}


def update(path: str, prefix: str, values: Mapping[str, float]) -> None:
    """Changes some, and keeps the others: a failure does not take away when the last success was."""
    write(path, prefix, {**read(path, prefix), **values})
