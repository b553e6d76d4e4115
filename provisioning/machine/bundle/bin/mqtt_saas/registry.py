"""The broker's password file and ACL file, rendered from rows of the view broker.registry.

The same bytes as provisioning/broker/registry.ts renders for the same rows, and the same rows refused: registry.test.ts
feeds both. Python, because the machine has no Node.
"""

import re
from collections.abc import Iterable

from mqtt_saas import former_topics
from mqtt_saas.contract import (
    DEVICE_TOPICS,
    INGEST_PURPOSE,
    PASSWORD_HASH,
    REGISTRY_HEADER,
    SERVICE_TOPICS,
    SERVICE_USERNAME,
    SLUG,
)

# kind, username, purpose, tenant, device, password_hash, former: topics of a device, their first words of ingest.
Row = tuple[str, str, str, str, str, str, list[str] | None]


class RegistryError(Exception):
    """A row that must not get into a file, named; never its hash."""


def render(rows: Iterable[Row]) -> tuple[str, str]:
    """Both files' text, (passwords, acl), sorted by user name.

    rows: (kind, username, purpose, tenant, device, password_hash, former) as the view has them. A device's user name is
    made from its tenant and device, not taken from the row.
    """
    users: dict[str, tuple[str, list[str]]] = {}
    for row in rows:
        try:
            username, password_hash, topics = _user(*row)
        except ValueError as error:
            raise RegistryError(str(error)) from None
        if username in users:
            raise RegistryError(f"user name {username} appears twice")
        users[username] = (password_hash, topics)
    twice = former_topics.kept_twice(topics for _, topics in users.values())
    if twice is not None:
        raise RegistryError(f"former topic {twice} appears twice")
    passwords, acl = [], [REGISTRY_HEADER]
    for username in sorted(users):
        password_hash, topics = users[username]
        passwords.append(f"{username}:{password_hash}\n")
        acl.append(f"\nuser {username}\n")
        acl.extend(f"topic {topic}\n" for topic in topics)
    return "".join(passwords), "".join(acl)


def verify(passwords: str, acl: str) -> None:
    """Raises RegistryError unless both texts are of the only form the platform ever writes.

    What is about to go in force is judged by its text alone. Not by a throw-away broker: that takes the memory of a second
    one and, with 10,000 accounts, seconds of a small machine's processor, and it is laxer: Mosquitto only logs a line that
    it cannot use.
    """
    lines = passwords.split("\n")
    if lines.pop() != "" or not all(_PASSWORD_LINE.fullmatch(line) for line in lines):
        raise RegistryError("the password file has a line that no file of ours has")
    first, *blocks = acl.split("\nuser ")
    if first != REGISTRY_HEADER or not acl.endswith("\n") or not all(_is_allowed(block) for block in blocks):
        raise RegistryError("the ACL file has a line that no file of ours has")
    if [line.split(":")[0] for line in lines] != [block.split("\n")[0] for block in blocks]:
        raise RegistryError("the password file and the ACL file do not name the same users")
    if former_topics.kept_twice(_rights(block)[1] for block in blocks) is not None:
        raise RegistryError("the ACL file lets two devices write to one former topic")


_PASSWORD_LINE = re.compile(rf"({SLUG.pattern}\.{SLUG.pattern}|{SERVICE_USERNAME.pattern}):{PASSWORD_HASH.pattern}")


def _is_allowed(block: str) -> bool:
    """Whether a user's lines in the ACL file give what this user may have, and nothing else."""
    username, topics = _rights(block)
    if "." in username:
        own = _device(*username.split(".", 1))[1]
        return topics[: len(own)] == own and former_topics.are_writes(topics[len(own) :])
    read = SERVICE_TOPICS[INGEST_PURPOSE]
    if topics[: len(read)] == read:
        return former_topics.are_reads(topics[len(read) :])
    return topics in SERVICE_TOPICS.values()


def _rights(block: str) -> tuple[str, list[str]]:
    username, *lines = block.rstrip("\n").split("\n")
    # A line of another kind becomes no right.
    return username, [line.removeprefix("topic ") if line.startswith("topic ") else "" for line in lines]


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
        username, topics = _device(tenant, device)
        topics = topics + former_topics.writes(former or [])
    else:
        if not _is(SERVICE_USERNAME, username):
            raise RegistryError(f"service user name {username!r} must match {SERVICE_USERNAME.pattern}")
        if purpose not in SERVICE_TOPICS:
            raise RegistryError(f"service {username} has an unknown purpose")
        topics = SERVICE_TOPICS[purpose]
        if purpose == INGEST_PURPOSE:
            topics = topics + former_topics.reads(former or [])
        elif former:
            raise RegistryError(f"service {username} keeps no former topics")
    if not _is(PASSWORD_HASH, password_hash):
        raise RegistryError(f"the password hash of {username} is not in Mosquitto's $7$ format")
    return username, password_hash, topics


def _device(tenant: str, device: str) -> tuple[str, list[str]]:
    for what, slug in (("tenant", tenant), ("device", device)):
        if not _is(SLUG, slug):
            raise RegistryError(f"{what} {slug!r} is not a slug")
    return f"{tenant}.{device}", [topic.format(tenant=tenant, device=device) for topic in DEVICE_TOPICS]


def _is(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None
