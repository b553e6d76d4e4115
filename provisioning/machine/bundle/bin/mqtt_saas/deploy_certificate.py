"""Puts the broker's newest certificate into force without dropping a session.

    deploy-certificate [--starting]

Takes the pair that certbot left on the data disk, or that the vault keeps, tries it the way a strict device would,
switches certificate and key in one step, has the broker read them again, and looks whether it serves them. When the new
pair is refused, the one in force stays. Does nothing when everything is as it should be, so it can run at any time.

--starting: before a start of the broker, which then is not there to be told. Ends with 1 when there is no certificate.
"""

import contextlib
import fcntl
import functools
import grp
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from mqtt_saas import azure, certificates, contract
from mqtt_saas.release import Settings

# The files, in the order that try_as_device takes them.
NAMES = (contract.CERTIFICATE, contract.KEY, contract.AUTHORITY)
# Every reload of the broker goes through this program.
RELOAD = os.environ.get("RELOAD_BROKER", os.path.join(contract.RELEASE, "bin/reload-broker"))
METRICS = os.environ.get("METRICS", contract.METRICS)
BROKER_GROUP = os.environ.get("BROKER_GROUP", contract.USERS["broker"])
# The link that names the folder in force.
IN_FORCE = os.path.join(certificates.SECRETS, "certificate")
# Mosquitto reads its files within the second; a machine of one slow core takes longer. Seconds.
PATIENCE_SECONDS = 20
VAULT: azure.Retry = {"attempts": 4, "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}


def newest(settings: Settings) -> dict[str, str]:
    """The newest pair, and in ca.crt who vouches for it: the private CA, or the chain's last certificate, because whether a
    public authority is to be trusted is for each device to say. Raises CertificateError or AzureError.
    """
    source = settings["certificate"]
    if source["source"] == "vault":
        read = functools.partial(azure.vault_secret, settings["vaultUri"], **VAULT)
        return dict(zip(NAMES, (read(source[name]) for name in ("certificateSecret", "keySecret", "caSecret")), strict=True))
    chain, key = certificates.acme_pair(settings)
    return dict(zip(NAMES, (chain, key, certificates.issuer(chain)), strict=True))


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """One run at a time: a start of the broker and certificate-deploy.service may meet, and each would remove what the
    other has half written, or put back what it read first."""
    descriptor = os.open(certificates.SECRETS, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def put_newest_into_force(settings: Settings) -> dict[str, str]:
    """The pair, which a strict client would take now."""
    with turn():
        files = newest(settings)
        put_into_force(files, settings["brokerHost"])
    return files


def put_into_force(files: dict[str, str], host: str) -> None:
    """Switches to these files when a strict client would take them. Raises CertificateError when not."""
    digest = hashlib.sha256("".join(files.values()).encode()).hexdigest()[:16]
    folder = os.path.join(certificates.SECRETS, f"certificate.{digest}")
    if os.path.realpath(IN_FORCE) != os.path.realpath(folder):
        # Judged before any of it is where the broker may read it.
        certificates.try_as_device(*(files[name] for name in NAMES), host)
        os.makedirs(folder, exist_ok=True)
        give_to_broker(folder, 0o750)
        for name, text in files.items():
            write(os.path.join(folder, name), text)
        link(os.path.basename(folder), IN_FORCE)
    # The names the broker's configuration knows. They never change, so that one rename switches both files.
    for name in NAMES:
        link(f"certificate/{name}", os.path.join(certificates.SECRETS, name))
    for name in os.listdir(certificates.SECRETS):
        if name.startswith("certificate.") and name != os.path.basename(folder):
            shutil.rmtree(os.path.join(certificates.SECRETS, name))


def write(path: str, text: str) -> None:
    # The folder is new, or of an attempt that was cut short.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    give_to_broker(path, 0o640)


def give_to_broker(path: str, mode: int) -> None:
    """Root's to change, the broker's to read. The unit has the broker's group already, and may not change a file's."""
    group = grp.getgrnam(BROKER_GROUP).gr_gid
    if os.stat(path).st_gid != group:
        os.chown(path, -1, group)
    os.chmod(path, mode)


def link(target: str, path: str) -> None:
    if os.path.islink(path) and os.readlink(path) == target:
        return
    if os.path.lexists(f"{path}.new"):
        os.remove(f"{path}.new")
    os.symlink(target, f"{path}.new")
    os.replace(f"{path}.new", path)


def tell_broker(host: str) -> None:
    """Has the broker serve what is in force. Raises CertificateError when it does not."""
    wanted = certificates.leaf(os.path.join(certificates.SECRETS, contract.CERTIFICATE))
    # Asked, not remembered: a reload that was cut short, or came from elsewhere, needs no note.
    if all(served == wanted for served in certificates.served(host)):
        return
    told = subprocess.run([RELOAD], check=False).returncode
    if told != 0:
        raise certificates.CertificateError(f"reload-broker ended with {told}: the broker still serves the old certificate")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(certificates.served(host)) != {wanted}:
        if time.monotonic() > deadline:
            raise certificates.CertificateError("the broker was told, but still serves the old certificate")
        time.sleep(0.2)
    print("deploy-certificate: the broker serves the new certificate")


def measure(settings: Settings, succeeded: bool) -> None:
    """Writes the metrics of what the broker serves, for whoever collects them (Prometheus' text format)."""
    metrics: dict[str, int] = {"mqtt_saas_certificate_deploy_ok": int(succeeded)}
    if settings["certificate"]["source"] == "acme":
        with contextlib.suppress(certificates.CertificateError):
            metrics["mqtt_saas_certificate_failed_attempts"] = certificates.read_record(settings)["attempts"]
    ends = [certificates.end_of_life(der) for der in certificates.served(settings["brokerHost"])]
    if ends:
        metrics["mqtt_saas_certificate_not_after_seconds"] = round(min(ends))
    os.makedirs(METRICS, exist_ok=True)
    path = os.path.join(METRICS, "certificate.prom")
    with open(f"{path}.new", "w", encoding="ascii") as file:
        file.writelines(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in metrics.items())
        os.fchmod(file.fileno(), 0o644)
    os.replace(f"{path}.new", path)


def deploy(settings: Settings) -> int:
    try:
        # Once more when a newer one came meanwhile: systemd takes a start during this run for this run.
        deployed = None
        while (files := put_newest_into_force(settings)) != deployed:
            tell_broker(settings["brokerHost"])
            deployed = files
    except PROBLEMS as error:
        say(error)
        measure(settings, succeeded=False)
        return 1
    measure(settings, succeeded=True)
    return 0


def prepare_start(settings: Settings) -> int:
    try:
        put_newest_into_force(settings)
    except PROBLEMS as error:
        say(error)
        if not os.path.exists(os.path.join(certificates.SECRETS, contract.CERTIFICATE)):
            say("the broker cannot start without a certificate")
            return 1
        say("the broker starts with the certificate it had")
    return 0


# OSError: a full disk, say. What is in force stays in force.
PROBLEMS = (certificates.CertificateError, azure.AzureError, OSError)


def say(error: object) -> None:
    print(f"deploy-certificate: {error}", file=sys.stderr)


def main() -> None:
    if sys.argv[1:] not in ([], ["--starting"]):
        sys.exit(__doc__)
    os.makedirs(certificates.SECRETS, exist_ok=True)
    # Passed through by who knows a file's name; read, and so locked (turn), by root only.
    os.chmod(certificates.SECRETS, 0o711)
    work = prepare_start if sys.argv[1:] else deploy
    sys.exit(work(certificates.load_settings()))
