"""What the platform's TypeScript decides and these programs use: contract.json of the release they belong to.

Made by provisioning/machine/bundle/contract.ts when the bundle is built. A program finds it through its own file, not
through the link to the release in force, so it never reads another release's. When it cannot be used the program ends
with 1 before it does anything: what is in force stays in force.
"""

import json
import os
import re
import sys
from typing import Any

# The folder that this program's bin/ is in.
RELEASE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
FILE = os.path.join(RELEASE, "contract.json")


def _part(name: str) -> Any:
    found: Any = _contract
    for key in name.split("."):
        found = found[key]
    return found


def _is_text(part: object) -> str:
    if not isinstance(part, str) or not part:
        raise TypeError(f"{part!r} is not a text")
    return part


def _are_texts(part: object) -> list[str]:
    if not isinstance(part, list) or not part:
        raise TypeError(f"{part!r} is not a list of texts")
    return [_is_text(item) for item in part]


def _text(name: str) -> str:
    return _is_text(_part(name))


def _number(name: str) -> int:
    part = _part(name)
    if type(part) is not int or part < 1:
        raise TypeError(f"{part!r} is not a whole number from 1 on")
    return part


try:
    with open(FILE, encoding="utf-8") as _file:
        _contract = json.load(_file)

    # Folders of the machine.
    RELEASES = _text("paths.releases")
    CURRENT = _text("paths.current")
    FORMER = _text("paths.former")
    EXPLICIT = _text("paths.explicit")
    LOCKS = _text("paths.locks")
    BOOTSTRAP = _text("paths.bootstrap")
    STATE = _text("paths.state")
    ACCOUNTS = _text("paths.accounts")
    ACME_STATE = _text("paths.acme")
    SECRETS = _text("paths.secrets")
    ACME_RUNTIME = _text("paths.acmeRuntime")
    LAST_GOOD = _text("paths.lastGood")
    RESCUE = _text("paths.rescue")
    METRICS = _text("paths.metrics")
    REGISTRY_SYNC = _text("paths.registrySync")
    LOG = _text("paths.log")

    # Names of files in them.
    DATABASE = _text("files.database")
    WHOLE = _text("files.whole")
    FORMER_STATE = _text("files.formerState")
    DAMAGED = _text("files.damaged")
    RESERVE = _text("files.reserve")
    REGISTRY = _text("files.registry")
    LOCAL_ACCOUNT = _text("files.localAccount")
    CERTIFICATE = _text("files.certificate")
    KEY = _text("files.key")
    AUTHORITY = _text("files.authority")
    REGISTRY_URL = _text("files.registryUrl")
    STAMP_KEY = _text("files.stampKey")
    OLD_SECRETS = _text("files.oldSecrets")
    RENEW_CERTIFICATE = _text("files.renewCertificate")

    # The bundle: names of its rendered files, its own name (a SHA-256), and the blobs that say which one to boot with.
    BROKER_CONFIG = _text("bundle.files.brokerConfig")
    DATABASE_CA = _text("bundle.files.databaseCa")
    FIREWALL = _text("bundle.files.firewall")
    GATE = _text("bundle.files.gate")
    SETTINGS = _text("bundle.files.settings")
    MANIFEST = _text("bundle.files.manifest")
    MONITORED = _text("bundle.files.monitored")
    HASH = re.compile(_text("bundle.hash"))
    POINTERS = _are_texts(_part("bundle.pointers"))

    # The broker.
    BROKER = _text("broker.unit")

    # The users of the services: names, and the numbers of those that the bundle makes.
    USERS = {role: _text(f"users.{role}.name") for role in _part("users")}
    UIDS = {role: _number(f"users.{role}.uid") for role in _part("users") if "uid" in _part(f"users.{role}")}

    # The registry's grammar; patterns are for fullmatch.
    REGISTRY_HEADER = _text("registry.header")
    SLUG = re.compile(_text("registry.slug"))
    SERVICE_USERNAME = re.compile(_text("registry.serviceUsername"))
    PASSWORD_HASH = re.compile(_text("registry.passwordHash"))
    SERVICE_RIGHTS = {purpose: _are_texts(rights) for purpose, rights in _part("registry.serviceRights").items()}
    INGEST_PURPOSE = _text("registry.ingestPurpose")
    FORMER_TOPIC = re.compile(_text("registry.formerTopic"))
    FORMER_ROOT = re.compile(_text("registry.formerRoot"))

    # How a password is hashed.
    PBKDF2_ITERATIONS = _number("passwords.iterations")
    SALT_BYTES = _number("passwords.saltBytes")
except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as _error:
    sys.exit(f"{FILE} cannot be used ({type(_error).__name__}: {_error}); nothing was changed")
