"""What registry-sync and check-machine measure, in Prometheus' text form, as node exporter's textfile collector reads it."""

import os

PREFIX = "mqtt_saas_registry"


class Metrics:
    """`path` is rewritten by write(); the folder must be the caller's own."""

    def __init__(self, path: str, prefix: str = PREFIX) -> None:
        self._path = path
        self._prefix = prefix
        self._values: dict[str, float] = {}

    def set(self, name: str, value: float) -> None:
        """A gauge; its name ends with its unit, and may have labels."""
        self._values[name] = value

    def write(self) -> None:
        lines: list[str] = []
        for name, value in sorted(self._values.items()):
            type_line = f"# TYPE {self._prefix}_{name.split('{')[0]} gauge"
            if type_line not in lines:
                lines.append(type_line)
            lines.append(f"{self._prefix}_{name} {value:.3f}")
        beside = f"{self._path}.new"
        with open(beside, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        os.replace(beside, self._path)
