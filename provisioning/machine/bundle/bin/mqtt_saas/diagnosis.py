"""What is wrong with the broker, and what may be done about it by a program: decided from what a look shows and what earlier
looks left. See watch_broker.py, which looks and acts."""

from typing import NamedTuple

from mqtt_saas import probe_broker
from mqtt_saas.contract import BROKER, CURRENT, STATE

PROBE, REPAIR = "probe-broker.service", "repair-data-disk.service"
MOST_AN_HOUR, HOUR_SECONDS = 3, 3600
# A stop saves the state. One that is not saving after so long does not end.
STOP_SECONDS = 60
# A start waits for the vault on a machine that has nothing kept.
START_SECONDS = 300

# What is wrong, and what a person does about it when a program could not.
REMEDIES = {
    "no_disk": f"nothing is mounted at {STATE}: is the data disk attached? "
    "systemctl status check-data-disk var-lib-mosquitto.mount",
    "read_only": f"the data disk takes no writes and could not be repaired: journalctl -u {REPAIR}; "
    f"restore it, or a new one with the last copy ({CURRENT}/bin/restore-state.py put latest)",
    "no_answer": f"the broker runs and does not answer, and restarts did not help: journalctl -u {BROKER} -u {PROBE}",
    "stopping": f"the broker does not end: journalctl -u {BROKER}",
    "starting": f"the broker does not start: journalctl -u {BROKER} says what it waits for",
    "certificate": "the broker serves a certificate that devices refuse; renew it (docs/runbooks/certificates.md): "
    "journalctl -u certificate-deploy -u certificate-issue",
    "stopped": f"somebody stopped the broker: systemctl start {BROKER}",
}


class Seen(NamedTuple):
    """What a look shows."""

    # Of the broker's unit, as systemd calls them; `ran`: it has been up since the machine's start.
    active: str
    ran: bool
    mounted: bool
    read_only: bool
    # probe-broker's exit code; None: it was not asked.
    answer: int | None = None
    # Whether a state is being written at this moment.
    saving: bool = False


class Memory(NamedTuple):
    """What earlier looks left. Seconds since the machine's start, which no clock that is set moves."""

    # By what was done (restart, end, repair, start): when.
    done: dict[str, list[float]]
    # Since when it has been in this trouble; None: it is well.
    trouble: str | None = None
    since: float = 0


class Decision(NamedTuple):
    trouble: str | None
    action: str | None
    needs_person: bool


def decide(seen: Seen, memory: Memory, now: float) -> Decision:
    """What is wrong, what to do about it, and whether only a person can."""
    trouble, action, patience = _diagnose(seen)
    lasted = now - memory.since if memory.trouble == trouble else 0
    if trouble is None:
        return Decision(None, None, False)
    if trouble == "stopping" and memory.trouble == "no_answer" and memory.done.get("restart"):
        # The restart of the look before.
        lasted = now - memory.done["restart"][-1]
    if action is None:
        return Decision(trouble, None, lasted >= patience)
    if lasted < patience:
        return Decision(trouble, None, False)
    recent = [moment for moment in memory.done.get(action, []) if now - moment < HOUR_SECONDS]
    if len(recent) >= MOST_AN_HOUR:
        return Decision(trouble, None, True)
    # A start does no harm however often it is tried, and a person is told meanwhile.
    return Decision(trouble, action, trouble == "no_disk" and bool(recent))


def _diagnose(seen: Seen) -> tuple[str | None, str | None, float]:
    """The trouble, what helps, and after how many seconds of it to act, or to call a person where nothing helps."""
    if not seen.mounted:
        return "no_disk", "start", 0
    if seen.read_only:
        return "read_only", "repair", 0
    if seen.active == "active":
        if seen.answer == probe_broker.CERTIFICATE:
            return "certificate", None, 0
        return (None, None, 0) if seen.answer in (0, None) else ("no_answer", "restart", 0)
    if seen.active == "deactivating":
        return ("stopping", None, HOUR_SECONDS) if seen.saving else ("stopping", "end", STOP_SECONDS)
    if seen.active == "inactive" and seen.ran:
        # A deployment and a restore do it for some seconds.
        return "stopped", None, START_SECONDS
    if seen.active in ("inactive", "failed"):
        return "starting", "start", 0
    return "starting", None, START_SECONDS
