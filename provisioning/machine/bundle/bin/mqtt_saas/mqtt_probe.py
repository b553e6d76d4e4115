"""Asks a broker the questions that decide whether it may stay: strict TLS, a publish and its delivery, refusals.

MQTT 3.1.1 over Python's own ssl, because it can check the certificate for the broker's name while it connects to
loopback, and because a password in this process is on no command line. OASIS MQTT 3.1.1 is cited by section.
"""

import secrets
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Self

from mqtt_saas.listeners import Listener
from mqtt_saas.web_socket import Connection, WebSocket, exactly

TIMEOUT_SECONDS = 10
# A broker that was just started may not listen yet.
PATIENCE_SECONDS = 15
# A broker that is being restarted resets whom it has not served yet.
RESTART_SECONDS = 5
# Section 3.2.2.3: bad user name or password, not authorized.
REFUSED = (4, 5)
# The machine's own account, and the only topics it has rights on. No device and no service uses them.
PROBE_USER = "svc-probe"
PROBE_TOPIC = "probe"
PROBE_RIGHTS = (f"read:{PROBE_TOPIC}/#", f"write:{PROBE_TOPIC}/#")


# Says that the broker has ended.
Gone = Callable[[], bool]


class ProbeFailure(Exception):
    """A question the broker answered wrongly."""


class CertificateRefused(ProbeFailure):
    """The broker answered, with a certificate that a careful device does not take."""


class Client:
    """One connection. `code` is the broker's answer to CONNECT: 0 is accepted."""

    def __init__(
        self,
        listener: Listener,
        server_name: str,
        ca_file: str | None,
        user: str | None = None,
        password: str = "",
        gone: Gone = lambda: False,
    ) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # What vouches for a public authority's certificate on the machine is the end of its own chain.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self._socket: Connection
        tls = self._socket = _handshake(listener.port, context, server_name, gone)
        if listener.protocol == "websockets":
            try:
                self._socket = WebSocket(tls, server_name)
            except OSError as error:
                tls.close()
                raise ProbeFailure(f"port {listener.port} speaks no WebSocket: {error}") from None
        self.received: list[str] = []
        # Section 3.1.2.3: a clean session, with user name and password or without.
        flags = 0x02 | (0xC0 if user is not None else 0)
        fields = [secrets.token_hex(8)] + ([user, password] if user is not None else [])
        self._send(0x10, _text("MQTT") + bytes([4, flags]) + struct.pack("!H", 30) + b"".join(map(_text, fields)))
        self.code = self._await(0x20)[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def subscribe(self, topic_filter: str) -> None:
        self._send(0x82, struct.pack("!H", 1) + _text(topic_filter) + b"\x00")
        self._await(0x90)

    def publish(self, topic: str, text: str) -> None:
        """QoS 1: returns when the broker has it."""
        self._send(0x32, _text(topic) + struct.pack("!H", 2) + text.encode())
        self._await(0x40)

    def wait_for(self, text: str) -> bool:
        """Reads until a message with this text arrives; False when it does not in time."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while text not in self.received:
            if time.monotonic() > deadline:
                return False
            try:
                self._read()
            except ProbeFailure:
                return False
        return True

    def _send(self, kind: int, body: bytes) -> None:
        self._socket.sendall(bytes([kind]) + _length(len(body)) + body)

    def _await(self, kind: int) -> bytes:
        """The body of the next packet of a kind; messages that come in between are kept."""
        while True:
            got, body = self._read()
            if got == kind:
                return body

    def _read(self) -> tuple[int, bytes]:
        try:
            kind = exactly(self._socket, 1)[0]
            size = shift = 0
            while True:
                byte = exactly(self._socket, 1)[0]
                size |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            body = exactly(self._socket, size)
        except OSError as error:
            raise ProbeFailure(f"the broker did not answer: {error}") from None
        if kind & 0xF0 == 0x30:
            # QoS 0 deliveries: topic, then the payload.
            self.received.append(body[2 + struct.unpack("!H", body[:2])[0] :].decode())
        return kind & 0xF0, body


def probe(listener: Listener, server_name: str, ca_file: str | None, password: str, gone: Gone = lambda: False) -> None:
    """Raises ProbeFailure when a broker on loopback does not do on this listener what every broker of ours must.

    server_name: what its certificate is for. ca_file: who must have signed it; None is the system's own list.
    password: of PROBE_USER. gone: says that the broker has ended, so that nobody waits for its port.
    """
    with Client(listener, server_name, ca_file, gone=gone) as nobody:
        _refused("without a user name", nobody)
    with Client(listener, server_name, ca_file, PROBE_USER, secrets.token_hex(16)) as impostor:
        _refused("with a wrong password", impostor)
    outside = f"outside/{secrets.token_hex(8)}"
    with Client(listener, server_name, ca_file, PROBE_USER, password, gone) as client:
        _signed_in(client)
        client.subscribe(outside)
        _served(client)
        client.received.clear()
        try:
            client.publish(outside, "outside")
        except ProbeFailure:
            # MQTT 3.1.1 has no other refusal than the end of the connection.
            return
        _served(client)
        # It was published first, so it would have come first.
        if "outside" in client.received:
            raise ProbeFailure(f"{PROBE_USER} could use a topic it has no right on")


def answers(listener: Listener, server_name: str, ca_file: str | None, password: str) -> None:
    """Raises ProbeFailure when a broker on loopback does not serve a client that may sign in, publish and read."""
    with Client(listener, server_name, ca_file, PROBE_USER, password) as client:
        _signed_in(client)
        _served(client)


def _signed_in(client: Client) -> None:
    if client.code != 0:
        raise ProbeFailure(f"{PROBE_USER} was refused with code {client.code}")


def _served(client: Client) -> None:
    topic = f"{PROBE_TOPIC}/{secrets.token_hex(8)}"
    client.subscribe(topic)
    client.publish(topic, "inside")
    if not client.wait_for("inside"):
        raise ProbeFailure("what was published and acknowledged was not delivered")


def _refused(how: str, client: Client) -> None:
    if client.code not in REFUSED:
        raise ProbeFailure(f"a client {how} was answered {client.code}, not refused")


def _connect(port: int, gone: Gone) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        except OSError as error:
            if gone() or time.monotonic() > deadline:
                raise ProbeFailure(f"port {port} does not open: {error}") from None
        time.sleep(0.1)


def _handshake(port: int, context: ssl.SSLContext, server_name: str, gone: Gone) -> ssl.SSLSocket:
    deadline = time.monotonic() + RESTART_SECONDS
    while True:
        plain = _connect(port, gone)
        try:
            return context.wrap_socket(plain, server_hostname=server_name)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise CertificateRefused(f"a careful device refuses the certificate for {server_name}: {error}") from None
        except OSError as error:
            plain.close()
            if not isinstance(error, ConnectionError) or gone() or time.monotonic() > deadline:
                raise ProbeFailure(f"the TLS handshake for {server_name} failed: {error}") from None
        time.sleep(0.1)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def _length(size: int) -> bytes:
    data = b""
    while True:
        size, byte = size >> 7, size & 0x7F
        data += bytes([byte | (0x80 if size else 0)])
        if not size:
            return data
