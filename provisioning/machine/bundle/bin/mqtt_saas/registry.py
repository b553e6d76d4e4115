"""The registry file that the broker's gate reads, rendered from rows of the view broker.registry.

The same bytes as provisioning/broker/registry.ts renders for the same rows, and the same rows refused: registry.test.ts
feeds both. Python, because the machine has no Node.
"""

import re
from collections.abc import Iterable

from mqtt_saas import former_topics
from mqtt_saas.contract import (
    INGEST_PURPOSE,
    PASSWORD_HASH,
    REGISTRY_HEADER,
    SERVICE_RIGHTS,
    SERVICE_USERNAME,
    SLUG,
)

# kind, username, purpose, tenant, device, password_hash, former: topics of a device, their first words of ingest.
Row = tuple[str, str, str, str, str, str, list[str] | None]


class RegistryError(Exception):
    """A row that must not get into the file, named; never its hash."""


def render(rows: Iterable[Row]) -> str:
    """The file's text, sorted by user name.

    rows: (kind, username, purpose, tenant, device, password_hash, former) as the view has them. A device's user name is
    made from its tenant and device, not taken from the row.
    """
    users: dict[str, tuple[str, list[str]]] = {}
    for row in rows:
        try:
            username, password_hash, rights = _user(*row)
        except ValueError as error:
            raise RegistryError(str(error)) from None
        if username in users:
            raise RegistryError(f"user name {username} appears twice")
        users[username] = (password_hash, rights)
    twice = former_topics.kept_twice(rights for _, rights in users.values())
    if twice is not None:
        raise RegistryError(f"former topic {twice} appears twice")
    return REGISTRY_HEADER + "".join(f"{' '.join([name, users[name][0], *users[name][1]])}\n" for name in sorted(users))


def verify(text: str) -> None:
    """Raises RegistryError unless the text is of the only form the platform ever writes.

    What is about to go in force is judged by its text alone, before the gate does the same, which keeps the file before
    when this one is bad.
    """
    if not text.startswith(REGISTRY_HEADER) or not text.endswith("\n"):
        raise RegistryError("the registry file has a beginning or an end that no file of ours has")
    accounts = [line.split(" ") for line in text[len(REGISTRY_HEADER) :].split("\n")[:-1]]
    if not all(_is_allowed(*account) for account in accounts):
        raise RegistryError("the registry file has a line that no file of ours has")
    names = [account[0] for account in accounts]
    if names != sorted(set(names)):
        raise RegistryError("the registry file is not in order, or has a user twice")
    if former_topics.kept_twice(rights for _, _, *rights in accounts) is not None:
        raise RegistryError("the registry file lets two devices write to one former topic")


_DEVICE = re.compile(rf"{SLUG.pattern}\.{SLUG.pattern}")


def _is_allowed(username: str, password_hash: str = "", *rights: str) -> bool:
    """Whether an account has what this user may have, and nothing else."""
    if not _is(PASSWORD_HASH, password_hash):
        return False
    if _is(_DEVICE, username):
        return former_topics.are_writes(list(rights))
    if not _is(SERVICE_USERNAME, username):
        return False
    read = SERVICE_RIGHTS[INGEST_PURPOSE]
    if list(rights[: len(read)]) == read:
        return former_topics.are_reads(list(rights[len(read) :]))
    return list(rights) in SERVICE_RIGHTS.values()


def _user(
    kind: str,
    username: str,
    purpose: str,
    tenant: str,
    device: str,
    password_hash: str,
    former: list[str] | None = None,
) -> tuple[str, str, list[str]]:
    if kind == "device":
        username, rights = _device(tenant, device), former_topics.writes(former or [])
    else:
        if not _is(SERVICE_USERNAME, username):
            raise RegistryError(f"service user name {username!r} must match {SERVICE_USERNAME.pattern}")
        if purpose not in SERVICE_RIGHTS:
            raise RegistryError(f"service {username} has an unknown purpose")
        rights = SERVICE_RIGHTS[purpose]
        if purpose == INGEST_PURPOSE:
            rights = rights + former_topics.reads(former or [])
        elif former:
            raise RegistryError(f"service {username} keeps no former topics")
    if not _is(PASSWORD_HASH, password_hash):
        raise RegistryError(f"the password hash of {username} is not in Mosquitto's $7$ format")
    return username, password_hash, rights


def _device(tenant: str, device: str) -> str:
    for what, slug in (("tenant", tenant), ("device", device)):
        if not _is(SLUG, slug):
            raise RegistryError(f"{what} {slug!r} is not a slug")
    return f"{tenant}.{device}"


def _is(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None
