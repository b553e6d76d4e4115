"""Rights on topics that devices keep from before the platform: a device may publish to its own, ingest may read them.

As provisioning/broker/former-topics.ts renders them.
"""

import re
from collections.abc import Callable, Iterable

from mqtt_saas.contract import FORMER_ROOT, FORMER_TOPIC


def writes(topics: Iterable[str]) -> list[str]:
    """A device's rights, sorted. Raises ValueError for a topic that may not be kept."""
    return sorted(f"write {_checked(topic, FORMER_TOPIC, 'must be two levels such as devices/abc')}/#" for topic in topics)


def reads(roots: Iterable[str]) -> list[str]:
    """Ingest's rights, sorted, by the topics' first words. Raises ValueError for a word that is none."""
    return sorted(f"read {_checked(root, FORMER_ROOT, 'is not the first word of a former topic')}/+/#" for root in roots)


def are_writes(rights: list[str]) -> bool:
    """Whether these are what writes() makes, and nothing else."""
    return _are(rights, writes, "write ", "/#")


def are_reads(rights: list[str]) -> bool:
    """Whether these are what reads() makes, and nothing else."""
    return _are(rights, reads, "read ", "/+/#")


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
    # No right that is not a former topic's has this form: see SERVICE_TOPICS and DEVICE_TOPICS of contract.py.
    topic = right.removeprefix("write ").removesuffix("/#")
    return topic if right == f"write {topic}/#" and FORMER_TOPIC.fullmatch(topic) else None


def _checked(text: object, pattern: re.Pattern[str], problem: str) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise ValueError(f"former topic: {text!r} {problem}")
    return text


def _are(rights: list[str], make: Callable[[Iterable[str]], list[str]], before: str, after: str) -> bool:
    try:
        return rights == make(right[len(before) : -len(after)] for right in rights)
    except ValueError:
        return False
