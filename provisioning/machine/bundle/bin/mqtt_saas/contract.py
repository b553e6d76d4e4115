"""What the platform's TypeScript decides and these programs use: contract.json of the release they belong to.

Made by provisioning/machine/bundle/contract.ts when the bundle is built. A program finds it through its own file, not
through the link to the release in force, so it never reads another release's. When it cannot be read the program ends
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


def _load() -> dict[str, Any]:
    with open(FILE, encoding="utf-8") as file:
        found = json.load(file)
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def _text(part: object) -> str:
    if not isinstance(part, str) or not part:
        raise TypeError(f"{part!r} is not a text")
    return part


def _number(part: object) -> int:
    if type(part) is not int or part < 1:
        raise TypeError(f"{part!r} is not a whole number from 1 on")
    return part


def _texts(part: object) -> list[str]:
    if not isinstance(part, list) or not part:
        raise TypeError(f"{part!r} is not a list of texts")
    return [_text(item) for item in part]


try:
    _contract = _load()

    # Folders of the machine.
    RELEASES = _text(_contract["paths"]["releases"])
    CURRENT = _text(_contract["paths"]["current"])
    STATE = _text(_contract["paths"]["state"])
    ACCOUNTS = _text(_contract["paths"]["accounts"])
    ACME_STATE = _text(_contract["paths"]["acme"])
    SECRETS = _text(_contract["paths"]["secrets"])
    ACME_RUNTIME = _text(_contract["paths"]["acmeRuntime"])
    METRICS = _text(_contract["paths"]["metrics"])
    REGISTRY_SYNC = _text(_contract["paths"]["registrySync"])

    # Names of files in them.
    DATABASE = _text(_contract["files"]["database"])
    PASSWORDS = _text(_contract["files"]["passwords"])
    ACL = _text(_contract["files"]["acl"])
    CERTIFICATE = _text(_contract["files"]["certificate"])
    KEY = _text(_contract["files"]["key"])
    AUTHORITY = _text(_contract["files"]["authority"])
    REGISTRY_URL = _text(_contract["files"]["registryUrl"])
    RENEW_CERTIFICATE = _text(_contract["files"]["renewCertificate"])

    # The bundle: names of its rendered files, its own name (a SHA-256), and the blobs that say which one to boot with.
    BROKER_CONFIG = _text(_contract["bundle"]["files"]["brokerConfig"])
    DATABASE_CA = _text(_contract["bundle"]["files"]["databaseCa"])
    FIREWALL = _text(_contract["bundle"]["files"]["firewall"])
    FIRST_ACL = _text(_contract["bundle"]["files"]["firstAcl"])
    SETTINGS = _text(_contract["bundle"]["files"]["settings"])
    HASH = re.compile(_text(_contract["bundle"]["hash"]))
    POINTERS = _texts(_contract["bundle"]["pointers"])

    # The broker.
    BROKER = _text(_contract["broker"]["unit"])
    INGEST_CONNECTED = re.compile(_text(_contract["broker"]["ingestConnected"]), re.MULTILINE)

    # The registry's grammar; patterns are for fullmatch. In topics of devices {tenant} and {device} stand for slugs.
    REGISTRY_HEADER = _text(_contract["registry"]["header"])
    SLUG = re.compile(_text(_contract["registry"]["slug"]))
    SERVICE_USERNAME = re.compile(_text(_contract["registry"]["serviceUsername"]))
    PASSWORD_HASH = re.compile(_text(_contract["registry"]["passwordHash"]))
    SERVICE_TOPICS = {_text(key): _texts(value) for key, value in _contract["registry"]["serviceTopics"].items()}
    INGEST_PURPOSE = _text(_contract["registry"]["ingestPurpose"])
    DEVICE_TOPICS = _texts(_contract["registry"]["deviceTopics"])
    FORMER_TOPIC = re.compile(_text(_contract["registry"]["formerTopic"]))
    FORMER_ROOT = re.compile(_text(_contract["registry"]["formerRoot"]))

    # How a password is hashed.
    PBKDF2_ITERATIONS = _number(_contract["passwords"]["iterations"])
    SALT_BYTES = _number(_contract["passwords"]["saltBytes"])
except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as _error:
    sys.exit(f"{FILE} cannot be used ({type(_error).__name__}: {_error}); nothing was changed")
