"""Obtains the broker's certificate from an ACME server, and renews it: DNS-01 through Cloudflare, by certbot.

    issue-certificate prepare    root: when a certificate is due, hands certbot its state and the DNS token
    issue-certificate obtain     as an unprivileged user: when it was handed these, runs certbot

The two steps of certificate-issue.service. What was obtained is put into force by deploy-certificate. An ACME server
limits how often it may be asked: every attempt is on record before it is made, and after each one that fails the next
waits twice as long.
"""

import json
import os
import random
import subprocess
import sys
import time

from mqtt_saas import azure, certificates, contract, durable, foreign
from mqtt_saas.release import Settings

# The unit's own folder, on a tmpfs; systemd removes it, and the token in it, when the unit ends.
RUNTIME = os.environ.get("RUNTIME_DIRECTORY", contract.ACME_RUNTIME)
TOKEN_FILE = os.path.join(RUNTIME, "cloudflare.ini")
# Where the unit shows ACME_STATE to certbot, whose files name each other by their whole path.
CERTBOT_STATE = os.environ.get("CERTBOT_STATE", "/var/lib/letsencrypt")

# A person's wish for a new certificate now, say because the key leaked; only root can express it.
WISH = os.path.join(certificates.SECRETS, contract.RENEW_CERTIFICATE)
# Let's Encrypt asks to renew when a third of the life is left ("Integration Guide"), however long that is.
RENEW_AT = 1 / 3
# Let's Encrypt takes five failed validations of a host an hour ("Rate Limits"); this makes at most four. Seconds.
FIRST_PAUSE = 15 * 60
LONGEST_PAUSE = 24 * 3600
# A pause is up to this part longer, so that machines that failed together do not come back together.
JITTER = 0.25
# The role that lets the machine read the token takes effect up to ten minutes after it was assigned.
VAULT: azure.Retry = {"attempts": 8, "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}
# Until the record is on all of Cloudflare's name servers. Seconds.
PROPAGATION_SECONDS = os.environ.get("PROPAGATION_SECONDS", "20")


def postponed(settings: Settings) -> str | None:
    """Why no certificate is to be asked for now; None when one is due."""
    if settings["certificate"]["source"] != "acme":
        return "the certificate comes from the vault"
    record = certificates.read_record(settings)
    wait = record["notBefore"] - time.time()
    # A longer one was noted while the clock was ahead.
    if 0 < wait <= LONGEST_PAUSE * (1 + JITTER):
        return f"{record['attempts']} attempt(s) failed; the next is in {wait / 60:.0f} minutes"
    # Also after a failure: what was wished for then still is.
    if record["attempts"] or os.path.exists(WISH):
        return None
    try:
        start, end = certificates.acme_life(settings)
    except certificates.CertificateError:
        return None
    left = end - time.time()
    return None if left < (end - start) * RENEW_AT else f"the certificate is good for {left / 86400:.0f} days"


def prepare(settings: Settings) -> None:
    reason = postponed(settings)
    if reason:
        print(f"issue-certificate: nothing to do: {reason}")
        return
    # systemd made the folder for the unit's user.
    user = os.stat(RUNTIME)
    foreign.make_folder(certificates.ACME_STATE, user.st_uid, user.st_gid, 0o700)
    token = azure.vault_secret(settings["vaultUri"], settings["certificate"]["tokenSecret"], **VAULT)
    with open(os.open(TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        os.fchown(file.fileno(), user.st_uid, user.st_gid)
        file.write(f"dns_cloudflare_api_token = {token.strip()}\n")
    if os.path.exists(WISH):
        os.remove(WISH)


def obtain(settings: Settings) -> None:
    if not os.path.exists(TOKEN_FILE):
        return
    folder = certificates.acme_folder(settings, CERTBOT_STATE)
    durable.make_folder(folder)
    record = certificates.attempts_file(settings, CERTBOT_STATE)
    # Whatever happens next, even to the machine, this attempt counts.
    write_record(record, certificates.read_record(settings, CERTBOT_STATE)["attempts"] + 1)
    code = subprocess.run(certbot(settings, folder), stdin=subprocess.DEVNULL).returncode
    if code != 0:
        raise OSError(f"certbot ended with {code}; its words stand above, its log is in {folder}/log")
    durable.remove(record)


def certbot(settings: Settings, folder: str) -> list[str]:
    """The command. That it is due was decided before, hence --force-renewal."""
    host, email = settings["brokerHost"], settings.get("acmeEmail")
    return [
        *("certbot", "certonly", "--non-interactive", "--agree-tos", "--force-renewal", "--no-directory-hooks"),
        *("--server", settings["acmeDirectory"], "--cert-name", host, "--domains", ",".join(certificates.names(settings))),
        *(("--email", email, "--no-eff-email") if email else ("--register-unsafely-without-email",)),
        # P-256: what small devices verify fastest, and every TLS 1.2 client can.
        *("--key-type", "ecdsa", "--elliptic-curve", "secp256r1"),
        *("--authenticator", "dns-cloudflare", "--dns-cloudflare-credentials", TOKEN_FILE),
        *("--dns-cloudflare-propagation-seconds", PROPAGATION_SECONDS),
        *("--config-dir", folder, "--work-dir", f"{folder}/work", "--logs-dir", f"{folder}/log"),
        *("--max-log-backups", "10"),
    ]


def write_record(path: str, attempts: int) -> None:
    """Notes an attempt that has not succeeded, and when the next one may be made."""
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(1, 1 + JITTER)
    durable.write(path, json.dumps({"attempts": attempts, "notBefore": time.time() + pause}))


def main() -> None:
    steps = {"prepare": prepare, "obtain": obtain}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(__doc__)
    try:
        steps[sys.argv[1]](certificates.load_settings())
    except (azure.AzureError, certificates.CertificateError, OSError, KeyError, ValueError) as error:
        sys.exit(f"issue-certificate: {sys.argv[1]}: {type(error).__name__}: {error}")
