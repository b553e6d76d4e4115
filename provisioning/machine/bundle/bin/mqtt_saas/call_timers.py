"""Does the work of the Function App's timers that have stopped, by calling their HTTP twins.

    call-timers due        whether one is late; exit 1: none is, so systemd leaves the rest out
    call-timers prepare    root: reads the key from the vault for the next step
    call-timers call       as a user of its own: calls those that are late

The three steps of call-timers.service, once a minute. After a deployment all timers of an app have stopped permanently while
HTTP went on (Azure/azure-functions-host#11828). registry-sync reads from the database when each ran last. While the database
is away nobody is called: the work needs it, too.
"""

import os
import re
import sys
import time

from mqtt_saas import azure, contract, durable, figures
from mqtt_saas.release import Settings, settings

# The timers run every minute; one run takes most of it.
LATE_SECONDS = 180
# registry-sync looks every half minute.
STALE_SECONDS = 120
# A run takes less; whether it succeeded is the Function App's to say.
PATIENCE_SECONDS = 100
VAULT: azure.Retry = {"attempts": 2, "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}
AGES = os.path.join(contract.REGISTRY_SYNC, "registry-sync.prom")
# The unit's own folder. The key is there between two steps.
FOLDER = os.environ.get("RUNTIME_DIRECTORY", os.path.join(contract.METRICS, "call-timers"))
KEY = os.path.join(FOLDER, "key")
AGE = re.compile(r'timer_age_seconds\{name="(\w+)"\}')
PREFIX = "mqtt_saas_timer"


def late() -> dict[str, float]:
    """Timers that ran too long ago, with the seconds since."""
    known = figures.read(AGES, "mqtt_saas_registry")
    if abs(time.time() - known.get("timers_read_timestamp_seconds", 0)) > STALE_SECONDS:
        return {}
    return {found[1]: age for name, age in known.items() if (found := AGE.fullmatch(name)) and age > LATE_SECONDS}


def due(_: Settings) -> None:
    if not late():
        sys.exit(1)


def prepare(told: Settings) -> None:
    user = os.stat(FOLDER)
    key = azure.vault_secret(told["vaultUri"], told["timers"]["keySecret"], **VAULT)
    # A call that was cut short left it.
    if os.path.lexists(KEY):
        durable.remove(KEY)
    with open(os.open(KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w", encoding="ascii") as file:
        os.fchown(file.fileno(), user.st_uid, user.st_gid)
        file.write(key)


def call(told: Settings) -> None:
    with open(KEY, encoding="ascii") as file:
        key = file.read().strip()
    durable.remove(KEY)
    for name, age in late().items():
        url = f"{told['timers']['url']}/api/run/{name}"
        try:
            answer, failed = f"answered {azure.post(url, {'Authorization': f'Bearer {key}'}, timeout=PATIENCE_SECONDS)}", 0
        except azure.AzureError as error:
            answer, failed = str(error), 1
        print(f"call-timers: {name} last ran {age / 60:.0f} minutes ago: timer late, called: {answer}", flush=True)
        told_of = {f'called_timestamp_seconds{{name="{name}"}}': time.time(), f'call_failed{{name="{name}"}}': failed}
        figures.update(os.path.join(FOLDER, "timers.prom"), PREFIX, told_of)


def main() -> None:
    steps = {"due": due, "prepare": prepare, "call": call}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(__doc__)
    try:
        steps[sys.argv[1]](settings())
    except (azure.AzureError, OSError, KeyError, ValueError) as error:
        sys.exit(f"call-timers: {sys.argv[1]}: {type(error).__name__}: {error}")
