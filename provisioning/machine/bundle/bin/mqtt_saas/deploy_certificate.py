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
from collections.abc import Callable, Iterator

from mqtt_saas import azure, certificates, contract, durable, figures, last_good
from mqtt_saas.release import Settings

# The files, in the order that try_as_device takes them.
NAMES = (contract.CERTIFICATE, contract.KEY, contract.AUTHORITY)
# Every reload of the broker goes through this program.
RELOAD = os.environ.get("RELOAD_BROKER", os.path.join(contract.RELEASE, "bin/reload-broker"))
METRICS = os.environ.get("METRICS", contract.METRICS)
LOCKS = os.environ.get("LOCKS", contract.LOCKS)
BROKER_GROUP = os.environ.get("BROKER_GROUP", contract.USERS["broker"])
# The link that names the folder in force.
IN_FORCE = os.path.join(certificates.SECRETS, "certificate")
# Mosquitto reads its files within the second; a machine of one slow core takes longer. Seconds.
PATIENCE_SECONDS = 20
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "5"))
# Its name among what is kept for the next boot (last_good.py).
KEPT = "certificate"
PREFIX = "mqtt_saas_certificate"
Judge = Callable[[str, str, str, str], object]


def newest(settings: Settings) -> dict[str, str]:
    """The newest pair, and in ca.crt who vouches for it: the private CA, or the chain's last certificate, because whether a
    public authority is to be trusted is for each device to say. Raises CertificateError or AzureError.
    """
    source = settings["certificate"]
    if source["source"] == "vault":
        # Nobody waits for it who can go on without it.
        attempts = 1 if os.path.exists(IN_FORCE) or last_good.recall(KEPT) else 4
        read = functools.partial(azure.vault_secret, settings["vaultUri"], attempts=attempts, pause=PAUSE_SECONDS)
        return dict(zip(NAMES, (read(source[name]) for name in ("certificateSecret", "keySecret", "caSecret")), strict=True))
    chain, key = certificates.acme_pair(settings)
    return dict(zip(NAMES, (chain, key, certificates.issuer(chain)), strict=True))


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """One run at a time: a start of the broker and certificate-deploy.service may meet, and each would remove what the
    other has half written, or put back what it read first. Only root may open the lock."""
    durable.make_folder(LOCKS, 0o700)
    with open(os.path.join(LOCKS, "certificate"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def put_newest_into_force(settings: Settings) -> dict[str, str]:
    """The pair, which a strict client would take now."""
    with turn():
        files = newest(settings)
        put_into_force(files, settings["brokerHost"])
        last_good.keep(KEPT, files)
    return files


def put_into_force(files: dict[str, str], host: str, judge: Judge = certificates.try_as_device) -> None:
    """Switches to these files when the judge takes them. Raises CertificateError when not."""
    digest = hashlib.sha256("".join(files.values()).encode()).hexdigest()[:16]
    folder = os.path.join(certificates.SECRETS, f"certificate.{digest}")
    # Before any of it is where the broker may read it.
    certificate, key, ca = (files[name] for name in NAMES)
    judge(certificate, key, ca, host)
    if os.path.realpath(IN_FORCE) != os.path.realpath(folder):
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
    durable.write(path, text)
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
    durable.link(target, path)


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


def measure(settings: Settings, problem: Exception | None) -> None:
    """Writes the figures of what the broker serves."""
    values: dict[str, float] = {"deploy_ok": int(problem is None)}
    for kind, reason in REASONS.items():
        values[f'failing{{reason="{reason}"}}'] = int(isinstance(problem, kind))
        if isinstance(problem, kind):
            values[f'failure_timestamp_seconds{{reason="{reason}"}}'] = round(time.time())
    if problem is None:
        values["good_timestamp_seconds"] = round(time.time())
    if settings["certificate"]["source"] == "acme":
        with contextlib.suppress(certificates.CertificateError):
            values["failed_attempts"] = certificates.read_record(settings)["attempts"]
    ends = [certificates.end_of_life(der) for der in certificates.served(settings["brokerHost"])]
    values["listeners_serving"] = len(ends)
    if ends:
        values["not_after_seconds"] = round(min(ends))
    os.makedirs(METRICS, exist_ok=True)
    figures.update(os.path.join(METRICS, "certificate.prom"), PREFIX, values)


def deploy(settings: Settings) -> int:
    try:
        # Once more when a newer one came meanwhile: systemd takes a start during this run for this run.
        deployed = None
        while (files := put_newest_into_force(settings)) != deployed:
            tell_broker(settings["brokerHost"])
            deployed = files
    except PROBLEMS as error:
        say(error)
        measure(settings, error)
        return 1
    measure(settings, None)
    return 0


def prepare_start(settings: Settings) -> int:
    try:
        put_newest_into_force(settings)
    except PROBLEMS as error:
        say(error)
        if os.path.exists(os.path.join(certificates.SECRETS, contract.CERTIFICATE)):
            say("the broker starts with the certificate it had")
        elif not put_last_into_force(settings):
            say("the broker cannot start without a certificate")
            return 1
    return 0


def put_last_into_force(settings: Settings) -> bool:
    """After a boot, while there is no newest pair that a strict client would take: the last good one, then any that a broker
    can serve. Not every device looks at the dates, and one that does waits as it would for a broker that is not there.
    """
    found = [("the last good one", last_good.recall(KEPT)), ("the newest one", None)]
    with contextlib.suppress(*PROBLEMS):
        found[1] = ("the newest one", newest(settings))
    for judge, words in ((certificates.try_as_device, ""), (certificates.try_to_serve, ", which a strict client refuses")):
        for what, files in found:
            if files is None:
                continue
            try:
                with turn():
                    put_into_force(files, settings["brokerHost"], judge)
            except PROBLEMS as error:
                say(f"{what}: {error}")
            else:
                say(f"the broker starts with {what}{words}")
                return True
    return False


# OSError: a full disk, say. What is in force stays in force.
REASONS: dict[type[Exception], str] = {certificates.CertificateError: "refused", azure.AzureError: "vault", OSError: "machine"}
PROBLEMS = tuple(REASONS)


def say(error: object) -> None:
    print(f"deploy-certificate: {error}", file=sys.stderr)


def main() -> None:
    if sys.argv[1:] not in ([], ["--starting"]):
        sys.exit(__doc__)
    os.makedirs(certificates.SECRETS, exist_ok=True)
    # A service reaches a file whose name it knows; only root lists them.
    os.chmod(certificates.SECRETS, 0o711)
    work = prepare_start if sys.argv[1:] else deploy
    sys.exit(work(certificates.load_settings()))
