"""The broker's certificate: where it comes from, where it is served from, and whether a strict client would take it.

Shared by issue-certificate and deploy-certificate. The standard library only.
"""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from typing import Any, TypedDict

from mqtt_saas import contract, foreign
from mqtt_saas.contract import CURRENT
from mqtt_saas.listeners import Listener, read_listeners
from mqtt_saas.release import Settings
from mqtt_saas.web_socket import WebSocket

# The environment variables are for tests, which have these elsewhere.
SETTINGS = os.environ.get("SETTINGS", os.path.join(CURRENT, contract.SETTINGS))
# Certbot's state. On the data disk: a rebuilt machine serves the certificate it has and asks for no new one.
ACME_STATE = os.environ.get("ACME_STATE", contract.ACME_STATE)
# What the broker reads; on a tmpfs.
SECRETS = os.environ.get("SECRETS", contract.SECRETS)
# Which names the ports it is served on.
BROKER_CONFIG = os.environ.get("BROKER_CONFIG", os.path.join(CURRENT, contract.BROKER_CONFIG))
TIMEOUT_SECONDS = 10

PEM_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


class Record(TypedDict):
    """Attempts since the last success, and when the next may be made, seconds since 1970."""

    attempts: int
    notBefore: float


class CertificateError(Exception):
    """Why a certificate is not served. Never holds a key."""


def load_settings() -> Settings:
    with open(SETTINGS, encoding="utf-8") as file:
        found: Settings = json.load(file)
        return found


def acme_folder(settings: Settings, state: str | None = None) -> str:
    """Certbot's folder for this ACME server. Each has its own, so that a change of server (staging, then production)
    asks for a new certificate, with a new account, while the old one is still served."""
    server = re.sub(r"[^a-z0-9.-]+", "-", settings["acmeDirectory"].lower().removeprefix("https://"))
    return os.path.join(state or ACME_STATE, server.strip("-."))


def acme_pair(settings: Settings) -> tuple[str, str]:
    """The newest certificate (with its chain) and key that the ACME server gave for the broker's host, PEM.

    Read as root from a folder of certbot's user. Raises CertificateError when there is none, or what is there is not one.
    """
    try:
        return _newest(settings, "fullchain"), _newest(settings, "privkey")
    except FileNotFoundError:
        raise CertificateError("no certificate was obtained yet") from None
    except OSError as error:
        raise CertificateError(f"what certbot left is not used: {error}") from None


def acme_life(settings: Settings) -> tuple[float, float]:
    """As try_as_device, of the newest certificate that the ACME server gave, for each name that it is to be good for."""
    chain, key = acme_pair(settings)
    lives = [try_as_device(chain, key, issuer(chain), name) for name in names(settings)]
    return lives[0]


def names(settings: Settings) -> list[str]:
    """The broker's name; where there is a standby, also those of the two machines."""
    return [settings["brokerHost"], *settings.get("alsoNamed", [])]


def _newest(settings: Settings, kind: str) -> str:
    """Certbot's file of a kind. In live/ it is a link to the newest of its kind in archive/; no other link is followed."""
    host = settings["brokerHost"]
    server = os.path.basename(acme_folder(settings))
    name = f"{server}/live/{host}/{kind}.pem"
    target = foreign.link_target(ACME_STATE, name)
    if target is not None:
        match = re.fullmatch(rf"\.\./\.\./(archive/{re.escape(host)}/{kind}[0-9]+\.pem)", target)
        if not match:
            raise foreign.Untrusted(f"{ACME_STATE}/{name} is not certbot's link into archive/; remove it")
        name = f"{server}/{match[1]}"
    return foreign.read_text(ACME_STATE, name)


def attempts_file(settings: Settings, state: str | None = None) -> str:
    """Where issue-certificate notes attempts that have not succeeded."""
    return os.path.join(acme_folder(settings, state), "failed-attempts.json")


def read_record(settings: Settings, state: str | None = None) -> Record:
    """The number of attempts since the last success, and when the next may be made, seconds since 1970.

    Raises CertificateError when it is not a record.
    """
    path = attempts_file(settings, state)
    try:
        found = json.loads(foreign.read_text(state or ACME_STATE, os.path.relpath(path, state or ACME_STATE)))
        return {"attempts": int(found["attempts"]), "notBefore": float(found["notBefore"])}
    except FileNotFoundError:
        return {"attempts": 0, "notBefore": 0}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CertificateError(f"{path} is not a record of attempts: {error}; remove it") from None


def try_as_device(certificate: str, key: str, ca: str, host: str) -> tuple[float, float]:
    """Makes a TLS handshake in memory between a server with this pair and a client that verifies chain, dates and host
    name, as a device does, and trusts `ca` only. All but `host` are PEM texts.

    Returns when the certificate's life begins and ends, seconds since 1970.
    Raises CertificateError when the handshake fails: another key, another host, not valid today, not signed by `ca`.
    """
    try:
        server = _server(certificate, key)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.load_verify_locations(cadata=ca)
        # An authority that another one signed may be trusted too.
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        seen = _handshake(client, server, host)
    except (OSError, ValueError) as error:
        raise CertificateError(f"a strict client would refuse the certificate for {host}: {error}") from None
    return ssl.cert_time_to_seconds(seen["notBefore"]), ssl.cert_time_to_seconds(seen["notAfter"])


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Path of a file with this text that no other process and no disk sees."""
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def try_to_serve(certificate: str, key: str, ca: str, host: str) -> None:
    """As try_as_device, but only whether a broker can serve the pair at all."""
    try:
        _server(certificate, key)
    except (OSError, ValueError) as error:
        raise CertificateError(f"no broker can serve the certificate for {host}: {error}") from None


def _server(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _in_memory(certificate) as certificate_path, _in_memory(key) as key_path:
        context.load_cert_chain(certificate_path, key_path)
    return context


def issuer(chain: str) -> str:
    """The last certificate of a PEM chain. Raises CertificateError when there is only one."""
    found: list[str] = PEM_CERTIFICATE.findall(chain)
    if len(found) < 2:
        raise CertificateError("the certificate was obtained without the chain to its authority")
    return found[-1]


def leaf(path: str) -> bytes:
    """The first certificate of a PEM file, DER."""
    with open(path, encoding="ascii") as file:
        found = PEM_CERTIFICATE.search(file.read())
    if found is None:
        raise CertificateError(f"{path} holds no certificate")
    return ssl.PEM_cert_to_DER_cert(found.group())


def served(host: str) -> list[bytes]:
    """The certificates the broker serves now, DER: one for each listener that answers."""
    with open(BROKER_CONFIG, encoding="utf-8") as file:
        listeners = read_listeners(file.read())
    found = [_served_on(listener, host) for listener in listeners]
    return [certificate for certificate in found if certificate]


def _served_on(listener: Listener, host: str) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", listener.port), TIMEOUT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host) as tls,
        ):
            if listener.protocol == "websockets":
                # Mosquitto reads the certificate of such a listener again only when it has ever had a WebSocket
                # (seen on 2.0.11): it learns from the first where libwebsockets keeps it.
                WebSocket(tls, host)
            return tls.getpeercert(binary_form=True)
    except OSError:
        return None


def end_of_life(der: bytes) -> float:
    """When a certificate ends, seconds since 1970; also of one that has ended."""
    command = ["openssl", "x509", "-inform", "der", "-noout", "-enddate"]
    answer = subprocess.run(command, input=der, capture_output=True, check=True)
    return ssl.cert_time_to_seconds(answer.stdout.decode().strip().removeprefix("notAfter="))


def _handshake(client_context: ssl.SSLContext, server_context: ssl.SSLContext, host: str) -> dict[str, Any]:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    return client.getpeercert() or {}
