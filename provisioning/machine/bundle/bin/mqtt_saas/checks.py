"""Whether a bundle may go into force, found out without changing anything: its files, firewall, units, and its broker."""

import os
import shutil
import subprocess
import sys

from mqtt_saas import contract, packages
from mqtt_saas.contract import BROKER, CURRENT
from mqtt_saas.release import Refused, files, settings

REQUIRED = (
    "bin/activate-release.py", "bin/broker-apply.py", "bin/prepare-broker.sh",
    contract.FIRST_ACL, contract.BROKER_CONFIG, contract.FIREWALL, contract.SETTINGS,
)  # fmt: skip
# Runs a command as the broker's user, where it can harm nothing and nobody can reach it.
SANDBOX = [
    "systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--uid=mosquitto", "--property=PrivateNetwork=yes",
    "--property=PrivateTmp=yes", "--property=ProtectSystem=strict", "--property=ProtectHome=yes",
    "--property=NoNewPrivileges=yes", "--property=CapabilityBoundingSet=", "--property=MemoryMax=128M",
    "--property=RuntimeMaxSec=60",
]  # fmt: skip
PACKAGED_BROKER_UNIT = f"/lib/systemd/system/{BROKER}"


def check_files(release: str) -> None:
    """Everything is there and can be read by what reads it. Raises Refused."""
    for name in REQUIRED:
        if not os.path.isfile(os.path.join(release, name)):
            raise Refused(f"{name} is missing")
    try:
        found = settings(release)
        for key in ("vaultUri", "secrets", "blobUri", "brokerHost"):
            found[key]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{contract.SETTINGS} cannot be used: {type(error).__name__}: {error}") from None
    for path in files(release):
        if path.endswith(".py"):
            try:
                with open(path, encoding="utf-8") as file:
                    compile(file.read(), os.path.relpath(path, release), "exec")
            except (SyntaxError, ValueError) as error:
                raise Refused(f"{os.path.relpath(path, release)} is not a program: {error}") from None
        elif path.endswith(".sh"):
            _checked(["sh", "-n", path])
    # The next bundle is fetched and judged by this one's programs: they must at least start.
    for name in ("bin/broker-apply.py", "bin/activate-release.py"):
        _checked([sys.executable, "-B", os.path.join(release, name), "--help"])


def check_machine(release: str) -> None:
    """The firewall and the units are what their programs can read. Changes nothing. Raises Refused."""
    _checked(["nft", "-c", "-f", os.path.join(release, contract.FIREWALL)])
    units = [path for path in files(os.path.join(release, "units")) if not path.endswith(".conf")]
    folder = f"{release}.units"
    try:
        # As they will be, but with programs that are there already.
        for path in files(os.path.join(release, "units")):
            copy = os.path.join(folder, os.path.relpath(path, os.path.join(release, "units")))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            with open(path, encoding="utf-8") as file, open(copy, "w", encoding="utf-8") as out:
                out.write(file.read().replace(CURRENT, release))
        # The machine has the broker's unit masked until its first start.
        units.append(shutil.copy(PACKAGED_BROKER_UNIT, folder))
        names = [os.path.join(folder, os.path.basename(path)) for path in units]
        env = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
        _checked(["systemd-analyze", "verify", "--man=no", *names], env=env)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_broker(release: str) -> None:
    """A throw-away broker with its mosquitto.conf answers as a broker must. Raises Refused."""
    program = os.path.join(contract.RELEASE, "bin/rehearse-broker.py")
    _checked([*SANDBOX, sys.executable, "-B", program, os.path.join(release, contract.BROKER_CONFIG)])


def check_packages(release: str) -> None:
    """No package has a known hole that the configuration leaves open. Raises Refused."""
    found = packages.below(packages.read_table(release), packages.distribution(), packages.read_broker_config(release))
    holes = [shortfall for shortfall in found if not shortfall.covered]
    if holes:
        raise Refused("; ".join(map(str, holes)))


def _checked(command: list[str], env: dict[str, str] | None = None) -> None:
    """Runs a checker. Raises Refused with its last words."""
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", env=env)
    if result.returncode != 0:
        words = " ".join((result.stderr or result.stdout).split())[-400:]
        name = "" if command[0] == SANDBOX[0] else f"{os.path.basename(command[0])}: "
        raise Refused(f"{name}{words or f'exit {result.returncode}'}")
