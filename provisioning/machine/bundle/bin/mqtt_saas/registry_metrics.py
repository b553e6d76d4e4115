"""What registry-sync tells of itself."""

from mqtt_saas import figures

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
        figures.write(self._path, PREFIX, self._values)
