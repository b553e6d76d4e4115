"""The broker's registry file: the registry's accounts, and among them the machine's own (mqtt_probe.py)."""

import os

from mqtt_saas import registry
from mqtt_saas.accounts import FILE_MODE, read, with_account, write_whole
from mqtt_saas.contract import INGEST_PURPOSE, LOCAL_ACCOUNT, REGISTRY


class RegistryFile:
    """folder: where it is; secrets: where make-probe-account left the machine's own account."""

    def __init__(self, folder: str, secrets: str) -> None:
        self.path = os.path.join(folder, REGISTRY)
        self._secrets = secrets
        self._written: tuple[int, int] | None = None

    def write(self, rows: list[registry.Row]) -> None:
        """Replaces it in one step when it changed; the gate notices. Rows: see registry.render().

        Raises registry.RegistryError, and writes nothing, for a registry that must not be in force.
        """
        text = registry.render(rows)
        registry.verify(text)
        # Without it ingest would be locked out, and devices would be told that what nobody drains is safe.
        if not any(row[0] == "service" and row[2] == INGEST_PURPOSE for row in rows):
            raise registry.RegistryError(f"it has no account for {INGEST_PURPOSE}")
        own = read(os.path.join(self._secrets, LOCAL_ACCOUNT)) or ""
        name = own.split(" ")[0]
        if own and f"\n{name} " in text:
            raise registry.RegistryError(f"user name {name} is the machine's own")
        write_whole(self.path, with_account(text, own), FILE_MODE)
        self._written = self._state()

    def is_ours(self) -> bool:
        """False when nothing was written yet, or somebody else wrote since."""
        return self._written is not None and self._written == self._state()

    def _state(self) -> tuple[int, int]:
        state = os.stat(self.path)
        return state.st_ino, state.st_mtime_ns

    def size(self) -> tuple[int, int]:
        """Its bytes, and how many accounts there are."""
        text = read(self.path) or ""
        return len(text), max(0, text.count("\n") - 1)
