"""Rights on topics that devices keep from before the platform: a device may publish to its own, ingest may read them.

As provisioning/broker/former-topics.ts renders them; the patterns are domain/former-topics.ts's.
"""

import re

ROOT = re.compile(r"(?!(?:tenants|probe)\Z)[A-Za-z0-9._:-]{1,64}")
TOPIC = re.compile(r"(?!(?:tenants|probe)/)[A-Za-z0-9._:-]{1,64}/[A-Za-z0-9._:-]{1,64}")


def writes(topics):
    """A device's rights, sorted. Raises ValueError for a topic that may not be kept."""
    return sorted(f"write {_checked(TOPIC, topic)}/#" for topic in topics)


def reads(roots):
    """Ingest's rights, sorted, by the topics' first words. Raises ValueError for a word that is none."""
    return sorted(f"read {_checked(ROOT, root)}/+/#" for root in roots)


def are_writes(rights):
    """Whether these are what writes() makes, and nothing else."""
    return _are(rights, writes, "write ", "/#")


def are_reads(rights):
    """Whether these are what reads() makes, and nothing else."""
    return _are(rights, reads, "read ", "/+/#")


def two_may_write(rights_of_all):
    """Whether two users, or one twice, have the right to write to one former topic."""
    # No right that is not a former topic's has this form: see SERVICE_TOPICS and _device() of registry.py.
    kept = [right for rights in rights_of_all for right in rights if _is_write(right)]
    return len(set(kept)) < len(kept)


def _is_write(right):
    return right is not None and right.startswith("write ") and right.endswith("/#") and "+" not in right


def _checked(pattern, text):
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no former topic that may be kept")
    return text


def _are(rights, make, before, after):
    try:
        return rights == make([right[len(before) : -len(after)] for right in rights if right is not None])
    except ValueError:
        return False
