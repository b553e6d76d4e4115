"""What registry-sync tells of itself, in Prometheus' text form, as node exporter's textfile collector reads it."""

from mqtt_saas import durable

PREFIX = "mqtt_saas_registry"


class Metrics:
    """`path` is rewritten by write(); the folder must be the caller's own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._values: dict[str, float] = {}

    def set(self, name: str, value: float) -> None:
        """A gauge; its name ends with its unit, and may have labels."""
        self._values[name] = value

    def write(self) -> None:
        lines: list[str] = []
        for name, value in sorted(self._values.items()):
            type_line = f"# TYPE {PREFIX}_{name.split('{')[0]} gauge"
            if type_line not in lines:
                lines.append(type_line)
            lines.append(f"{PREFIX}_{name} {value:.3f}")
        durable.write(self._path, "\n".join(lines) + "\n", 0o644)
