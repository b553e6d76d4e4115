"""The broker's two files: the registry's accounts, and after them the machine's own (mqtt_probe.py)."""

import os

from mqtt_saas import registry
from mqtt_saas.accounts import FILE_MODE, read, write_whole
from mqtt_saas.contract import ACL, INGEST_PURPOSE, PASSWORDS


class RegistryFiles:
    """folder: where passwords and acl are; secrets: where make-probe-account left local.passwords and local.acl."""

    def __init__(self, folder: str, secrets: str) -> None:
        self.passwords, self.acl = os.path.join(folder, PASSWORDS), os.path.join(folder, ACL)
        self._secrets = secrets
        self._written: list[tuple[int, int]] | None = None

    def write(self, rows: list[registry.Row]) -> bool:
        """Writes what changed, each file in one step; True when one did. Rows: see registry.render().

        Raises registry.RegistryError, and writes nothing, for a registry that must not be in force.
        """
        passwords, acl = registry.render(rows)
        registry.verify(passwords, acl)
        # Without it ingest would be locked out, and devices would be told that what nobody drains is safe.
        if not any(row[0] == "service" and row[2] == INGEST_PURPOSE for row in rows):
            raise registry.RegistryError(f"it has no account for {INGEST_PURPOSE}")
        local_passwords, local_acl = (read(os.path.join(self._secrets, f"local.{file}")) or "" for file in (PASSWORDS, ACL))
        for line in local_passwords.splitlines():
            if f"\nuser {line.split(':')[0]}\n" in acl:
                raise registry.RegistryError(f"user name {line.split(':')[0]} is the machine's own")
        # Rights before credentials: between the two a new device can at worst not yet log in.
        changed = [
            write_whole(self.acl, acl + local_acl, FILE_MODE),
            write_whole(self.passwords, passwords + local_passwords, FILE_MODE),
        ]
        self._written = self._states()
        return any(changed)

    def are_ours(self) -> bool:
        """False when nothing was written yet, or somebody else wrote since."""
        return self._written is not None and self._written == self._states()

    def _states(self) -> list[tuple[int, int]]:
        return [(state.st_ino, state.st_mtime_ns) for state in map(os.stat, (self.acl, self.passwords))]

    def sizes(self) -> tuple[dict[str, int], int]:
        """Bytes of each file by its name, and how many accounts there are."""
        texts = {name: read(path) or "" for name, path in ((PASSWORDS, self.passwords), (ACL, self.acl))}
        return {name: len(text) for name, text in texts.items()}, texts[PASSWORDS].count("\n")
