"""Looks after the broker, once a minute: does it answer, is its disk well; and does about it what may be done by a program.

    watch-broker

Run by watch-broker.timer. A broker that runs and does not answer is restarted, one that hangs in its stop is ended, a data
disk that takes no writes is repaired; each at most three times an hour. Beyond that, and where a restart does not help, it says
in the journal and in its figures what a person must do. systemd's own watchdog cannot do it: Mosquitto does not answer to it.
"""

import json
import os
import subprocess
import sys
import time

from mqtt_saas import durable, figures, probe_broker, room
from mqtt_saas.contract import BROKER, BROKER_CONFIG, CURRENT, DATABASE, METRICS, OLD_SECRETS, SECRETS, STATE
from mqtt_saas.diagnosis import HOUR_SECONDS, MOST_AN_HOUR, PROBE, REMEDIES, REPAIR, Decision, Memory, Seen, decide
from mqtt_saas.listeners import read_listeners

PREPARE = "prepare-broker.service"
FOLDER = os.path.join(METRICS, "watch-broker")
PREFIX = "mqtt_saas_watch"
# As TimeoutStopSec= of the broker, after which systemd ends it.
SAVE_SECONDS = 180


def look() -> Seen | None:
    """None before the broker's first start, which is broker-apply's."""
    show = _systemctl("show", "--property=ActiveState,ActiveEnterTimestampMonotonic,UnitFileState", BROKER).stdout
    found = dict(line.split("=", 1) for line in show.splitlines() if "=" in line)
    if found["UnitFileState"] != "enabled":
        return None
    active, mounted = found["ActiveState"], os.path.ismount(STATE)
    answer = None
    if active == "active" and mounted and os.path.exists(os.path.join(SECRETS, "svc-probe.password")):
        answer = _ask()
        # It may have been restarted meanwhile, by a deployment.
        if _systemctl("is-active", "--quiet", BROKER).returncode != 0:
            answer = None
    return Seen(
        active=active,
        ran=found["ActiveEnterTimestampMonotonic"] != "0",
        mounted=mounted,
        read_only=mounted and room.is_read_only(STATE),
        answer=answer,
        saving=_is_saving(),
    )


def _ask() -> int | None:
    """probe-broker's exit code; None when it could not be run."""
    _systemctl("start", PROBE)
    show = _systemctl("show", "--property=Result,ExecMainStatus", PROBE).stdout
    found = dict(line.split("=", 1) for line in show.splitlines() if "=" in line)
    if found["Result"] == "timeout":
        return probe_broker.NO_ANSWER
    code = int(found["ExecMainStatus"])
    return code if code in (0, probe_broker.NO_ANSWER, probe_broker.CERTIFICATE) else None


def _is_saving() -> bool:
    """Mosquitto writes beside the state, until the disk has it all. A file that a killed broker left is old."""
    try:
        return abs(time.time() - os.lstat(os.path.join(STATE, f"{DATABASE}.new")).st_mtime) < SAVE_SECONDS
    except OSError:
        return False


ACTIONS = {
    # Not waited for: the next look sees what became of it. A stopped process (SIGSTOP) is woken by systemd to end.
    "restart": [["restart", "--no-block", BROKER]],
    "end": [["kill", "--signal=KILL", BROKER]],
    "start": [["reset-failed", BROKER], ["start", "--no-block", BROKER]],
    "repair": [["start", "--no-block", REPAIR]],
}


def watch() -> None:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    memory = remember()
    seen = look()
    refresh_secrets()
    if seen is None:
        return
    decision = decide(seen, memory, now)
    if decision.action:
        say(f"{decision.trouble}: {decision.action} of {BROKER}")
        for command in ACTIONS[decision.action]:
            _systemctl(*command)
        memory.done[decision.action] = [*memory.done.get(decision.action, [])[1 - MOST_AN_HOUR :], now]
    is_new = decision.trouble != memory.trouble
    if decision.needs_person:
        say(f"A PERSON IS NEEDED: {REMEDIES[decision.trouble or '']}")
    elif is_new and decision.trouble is None:
        say(f"the broker is well again, after: {memory.trouble}")
    since = now if is_new else memory.since
    durable.write(os.path.join(FOLDER, "memory.json"), json.dumps(Memory(memory.done, decision.trouble, since)._asdict()))
    measure(seen, decision, memory)


def remember() -> Memory:
    try:
        with open(os.path.join(FOLDER, "memory.json"), encoding="utf-8") as file:
            return Memory(**json.load(file))
    except (OSError, ValueError, TypeError):
        return Memory({})


def measure(seen: Seen, decision: Decision, memory: Memory) -> None:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    values: dict[str, float] = {
        "up": int(seen.answer == 0),
        # Neither: it was not asked, or the asking itself failed.
        "refusing": int(seen.answer in (probe_broker.NO_ANSWER, probe_broker.CERTIFICATE)),
        "needs_person": int(decision.needs_person),
        "system_disk_free_bytes": room.free("/"),
        "memory_available_bytes": memory_available(),
        "connections": connections(),
        "old_secrets": int(os.path.exists(os.path.join(SECRETS, OLD_SECRETS))),
    }
    if seen.answer == 0:
        values["answered_timestamp_seconds"] = time.time()
    if seen.mounted:
        values["data_disk_free_bytes"] = room.free(STATE)
    for trouble in REMEDIES:
        values[f'trouble{{kind="{trouble}"}}'] = int(trouble == decision.trouble)
    for action in ACTIONS:
        recent = [moment for moment in memory.done.get(action, []) if now - moment < HOUR_SECONDS]
        values[f'actions_last_hour{{action="{action}"}}'] = len(recent)
    units = _systemctl("list-units", "--failed", "--plain", "--no-legend").stdout.splitlines()
    failed = {f'failed_unit{{name="{line.split()[0]}"}}': 1.0 for line in units}
    values["failed_units"] = len(failed)
    path = os.path.join(FOLDER, "broker-watch.prom")
    before = figures.read(path, PREFIX)
    for line in units:
        unit = line.split()[0]
        if f'failed_unit{{name="{unit}"}}' not in before:
            say(f"{unit} has failed: journalctl -u {unit} says why; once that is fixed, systemctl start {unit}")
    kept = {name: value for name, value in before.items() if not name.startswith("failed_unit{")}
    figures.write(path, PREFIX, {**kept, **values, **failed})


def memory_available(meminfo: str = "/proc/meminfo") -> int:
    """Bytes that programs can have without swapping, as the kernel estimates."""
    with open(meminfo, encoding="ascii") as file:
        kib = next(line.split()[1] for line in file if line.startswith("MemAvailable:"))
    return int(kib) * 1024


def connections() -> int:
    """Established connections to the broker's ports, signed in or not. Zero before there is a configuration."""
    try:
        with open(os.path.join(CURRENT, BROKER_CONFIG), encoding="utf-8") as file:
            ports = {listener.port for listener in read_listeners(file.read())}
    except FileNotFoundError:
        return 0
    return sum(count_established(table, ports) for table in ("/proc/net/tcp", "/proc/net/tcp6") if os.path.exists(table))


def count_established(table: str, ports: set[int]) -> int:
    """proc(5), /proc/net/tcp: the second field is the local address and port, the fourth the state; 01 is established."""
    with open(table, encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sum(row[3] == "01" and int(row[1].rpartition(":")[2], 16) in ports for row in rows)


def refresh_secrets() -> None:
    """A machine that started with what it had kept asks the vault again until it answers."""
    if os.path.exists(os.path.join(SECRETS, OLD_SECRETS)):
        _systemctl("start", PREPARE)


def say(text: str) -> None:
    print(f"watch-broker: {text}", file=sys.stderr, flush=True)


def _systemctl(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemctl", *arguments], capture_output=True, text=True, errors="replace", check=False)


def main() -> None:
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    watch()
