"""Rights on topics that devices keep from before the platform: a device may publish to its own, ingest may read them.

The same as provisioning/broker/former-topics.ts makes.
"""

import re
from collections.abc import Iterable

from mqtt_saas.contract import FORMER_ROOT, FORMER_TOPIC


def writes(topics: Iterable[str]) -> list[str]:
    """A device's rights, sorted. Raises ValueError for a topic that may not be kept."""
    return sorted(f"write:{_checked(topic, FORMER_TOPIC, 'must be two levels such as devices/abc')}/#" for topic in topics)


def reads(roots: Iterable[str]) -> list[str]:
    """Ingest's rights, sorted, by the topics' first words. Raises ValueError for what is not one."""
    return sorted(f"read:{_checked(root, FORMER_ROOT, 'is not the first word of a former topic')}/+/#" for root in roots)


def are_writes(rights: list[str]) -> bool:
    """Whether these are what writes() makes, and nothing else."""
    return rights == sorted(rights) and all(_written(right) is not None for right in rights)


def are_reads(rights: list[str]) -> bool:
    """Whether these are what reads() makes, and nothing else."""
    return rights == sorted(rights) and all(_between("read:", right, "/+/#", FORMER_ROOT) is not None for right in rights)


def kept_twice(rights_of_all: Iterable[list[str]]) -> str | None:
    """A former topic that two users, or one twice, have the right to write to."""
    seen: set[str] = set()
    for topic in (_written(right) for rights in rights_of_all for right in rights):
        if topic in seen:
            return topic
        if topic is not None:
            seen.add(topic)
    return None


def _written(right: str) -> str | None:
    # Only a former topic's right has this form: see SERVICE_RIGHTS of contract.py.
    return _between("write:", right, "/#", FORMER_TOPIC)


def _between(before: str, right: str, after: str, pattern: re.Pattern[str]) -> str | None:
    text = right.removeprefix(before).removesuffix(after)
    return text if right == f"{before}{text}{after}" and pattern.fullmatch(text) else None


def _checked(text: object, pattern: re.Pattern[str], problem: str) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise ValueError(f"former topic: {text!r} {problem}")
    return text
