"""What a bundle changes on the machine: systemd's units, the host firewall, the broker. Each step may run again."""

import os
import shutil
import subprocess
import time

from mqtt_saas import contract, data_disk, durable
from mqtt_saas.contract import BROKER, CURRENT, FORMER, HASH, RELEASES
from mqtt_saas.release import files, linked

UNITS = "/etc/systemd/system"
FIREWALL = os.path.join("/etc", contract.FIREWALL)
TABLE = ["inet", "mqtt_saas"]
SERVER_CERTIFICATE = os.path.join(contract.SECRETS, contract.CERTIFICATE)
# The broker waits for the vault, and on a first boot for its certificate.
PATIENCE_SECONDS = 60
FIRST_PATIENCE_SECONDS = 300
# The release in force, the former one, and one more to look at.
KEPT = 3

# What the programs that always run read once: where one of these changes, they start again.
READ_BY_UNITS = ("bin", "lib", "units", os.path.basename(contract.FILE), contract.SETTINGS)

# What Mosquitto takes up on SIGHUP without touching a session: mosquitto.conf(5), "Reloaded on reload signal". A change
# of any other line restarts it.
RELOADABLE = {
    "autosave_interval", "autosave_on_changes", "connection_messages", "log_timestamp_format", "log_type",
    "max_inflight_bytes", "max_inflight_messages", "max_keepalive", "max_packet_size", "max_queued_bytes",
    "max_queued_messages", "memory_limit", "message_size_limit", "persistent_client_expiration", "queue_qos0_messages",
}  # fmt: skip


class ActivationFailure(Exception):
    """A step that did not succeed."""


def activate(release: str, old: str | None) -> str:
    """Puts a release into force in place of `old` (None: there was none). Returns what was done to the broker.

    Raises ActivationFailure or OSError; then `activate(old, release)` brings the old one back.
    """
    _switch_to(release)
    _load_firewall(release)
    changed = _install_units(release, old)
    if changed:
        _systemctl("daemon-reload")
    # Before the broker is told of a queue that counts on it.
    print(f"broker-apply: {data_disk.make_room(release, old)}", flush=True)
    _run([os.path.join(release, "bin/prepare-broker.sh")])
    # Before the broker: on a first boot one of them obtains the certificate it waits for.
    _start_units(release, old)
    return _bring_up_broker(release, old)


def _load_firewall(release: str) -> None:
    source = os.path.join(release, contract.FIREWALL)
    same = content("/", source) == content("/", FIREWALL)
    if same and subprocess.run(["nft", "list", "table", *TABLE], capture_output=True).returncode == 0:
        return
    _replace(source, FIREWALL, 0o755)
    _run(["nft", "-f", FIREWALL])


def _install_units(release: str, old: str | None) -> bool:
    """Copies units and drop-ins, and takes away those of the old release that are gone. True when something changed."""
    changed = False
    names = _unit_files(release)
    for name in _unit_files(old) - names:
        if os.sep not in name:
            _systemctl("disable", "--now", name)
        path = os.path.join(UNITS, name)
        if os.path.exists(path):
            durable.remove(path)
            changed = True
    for name in names:
        source = os.path.join(release, "units", name)
        if content("/", os.path.join(UNITS, name)) != content("/", source):
            _replace(source, os.path.join(UNITS, name), 0o644)
            changed = True
    return changed


def _bring_up_broker(release: str, old: str | None) -> str:
    if subprocess.run(["systemctl", "is-active", "--quiet", BROKER]).returncode != 0:
        patience = PATIENCE_SECONDS if os.path.exists(SERVER_CERTIFICATE) else FIRST_PATIENCE_SECONDS
        # Masked since the package was installed, before there was anything to start.
        _systemctl("unmask", BROKER)
        _systemctl("enable", BROKER)
        _systemctl("start", "--no-block", BROKER)
        _wait_for_broker(patience)
        return "started"
    if old is None or differs(release, old, f"units/{BROKER}.d", contract.GATE) or _needs_restart(release, old):
        _systemctl("restart", "--no-block", BROKER)
        # A moment ago it ran: what fails now is the new configuration, and its unit's next attempt would fail too.
        _wait_for_broker(PATIENCE_SECONDS, hopeless=("failed", "auto-restart"))
        return "restarted"
    if differs(release, old, contract.BROKER_CONFIG):
        _systemctl("reload", BROKER)
        return "told to reload, which drops no session"
    return "left alone"


def _needs_restart(release: str, old: str) -> bool:
    def fixed(folder: str) -> list[list[str]]:
        lines = (content(folder, contract.BROKER_CONFIG) or b"").decode().splitlines()
        options = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        return [option for option in options if option[0] not in RELOADABLE]

    return fixed(release) != fixed(old)


def _wait_for_broker(patience: float, hopeless: tuple[str, ...] = ("failed",)) -> None:
    """Until it is up. Its unit keeps trying by itself; in a state that is `hopeless` it is not waited for."""
    deadline = time.monotonic() + patience
    while True:
        show = ["systemctl", "show", "--property=ActiveState,SubState", "--value", BROKER]
        state, detail = subprocess.run(show, capture_output=True, text=True).stdout.split()
        if state == "active":
            return
        if detail in hopeless or time.monotonic() > deadline:
            words = subprocess.run(["journalctl", "-u", BROKER, "-n", "8", "-o", "cat"], capture_output=True, text=True)
            raise ActivationFailure(f"the broker does not start: {' '.join(words.stdout.split())[-500:]}")
        time.sleep(0.5)


def _start_units(release: str, old: str | None) -> None:
    """Everything that runs besides the broker. What is one-shot is its timer's to start."""
    installed = {name: (content(release, f"units/{name}") or b"").decode() for name in sorted(_unit_files(release))}
    wanted = {name: text for name, text in installed.items() if os.sep not in name and "\n[Install]\n" in text}
    running = [
        name
        for name, text in wanted.items()
        if name.endswith(".timer") or (name.endswith(".service") and "\nType=oneshot\n" not in text)
    ]
    if wanted:
        _systemctl("enable", *wanted)
    if running:
        fresh = differs(release, old, *READ_BY_UNITS)
        _systemctl("restart" if fresh else "start", *running)


def _unit_files(release: str | None) -> set[str]:
    """Names below units/, such as `a.timer` and `b.service.d/10-c.conf`."""
    folder = os.path.join(release or "/nonexistent", "units")
    return {os.path.relpath(path, folder) for path in files(folder)}


def _replace(source: str, target: str, mode: int) -> None:
    durable.make_folder(os.path.dirname(target))
    durable.copy(source, target, mode)


def _systemctl(*arguments: str) -> None:
    _run(["systemctl", *arguments])


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if result.returncode != 0:
        words = " ".join((result.stderr or result.stdout).split())[-400:]
        raise ActivationFailure(f"{' '.join(command)}: {words or f'exit {result.returncode}'}")


def _switch_to(folder: str) -> None:
    """Makes a folder, which is synced, the one in force, in one step."""
    durable.link(folder, CURRENT)


def clear_away() -> None:
    """Removes all but the newest releases, never the one in force nor the former one, and what an attempt left that was cut
    short."""
    found = [os.path.join(RELEASES, name) for name in os.listdir(RELEASES)]
    releases = [path for path in found if HASH.fullmatch(os.path.basename(path))]
    kept = {*sorted(releases, key=os.path.getmtime, reverse=True)[:KEPT], linked(CURRENT), linked(FORMER)}
    for path in found:
        if path in kept:
            continue
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def content(release: str | None, name: str) -> bytes | None:
    """A file's bytes; None when the release, or the file in it, is not there."""
    if release is None:
        return None
    try:
        with open(os.path.join(release, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def differs(release: str, old: str | None, *names: str) -> bool:
    """Whether one of these files or folders is not the same in both."""

    def of(folder: str | None, name: str) -> dict[str, bytes | None]:
        path = os.path.join(folder or "/nonexistent", name)
        found = files(path) if os.path.isdir(path) else [path]
        return {os.path.relpath(file, folder or "/"): content(folder, file) for file in found}

    return any(of(release, name) != of(old, name) for name in names)
