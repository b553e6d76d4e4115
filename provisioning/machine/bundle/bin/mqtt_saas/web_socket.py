"""MQTT over WebSocket as a client speaks it: bytes in binary frames (RFC 6455) over a connection that is there already.

The subprotocol is `mqtt` (OASIS MQTT 3.1.1, section 6). RFC 6455 is cited by section.
"""

import base64
import os
import ssl
import struct
from typing import Protocol


class Connection(Protocol):
    """What is needed of a socket."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class WebSocket:
    """Has the methods of a socket that mqtt_probe needs. Raises OSError when the other side does not speak WebSocket."""

    def __init__(self, connection: ssl.SSLSocket, host: str) -> None:
        self._connection = connection
        self._received = b""
        key = base64.b64encode(os.urandom(16)).decode()
        # Section 4.1. The path is Mosquitto's to ignore; clients send this one.
        lines = [
            "GET /mqtt HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Version: 13", "", "",
        ]  # fmt: skip
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            # Byte by byte: what follows is a frame's already.
            answer += exactly(connection, 1)
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError("it answered the request for a WebSocket with no 101")

    def sendall(self, data: bytes) -> None:
        # Sections 5.2 and 5.3: one final binary frame; a client masks what it sends.
        size, mask = len(data), os.urandom(4)
        length = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._connection.sendall(b"\x82" + length + mask + masked)

    def recv(self, size: int) -> bytes:
        if not self._received:
            head, length = exactly(self._connection, 2)
            if length == 126:
                (length,) = struct.unpack("!H", exactly(self._connection, 2))
            payload = exactly(self._connection, length)
            # Section 5.5.1: a close is the end. A broker sends nothing else but data here.
            self._received = b"" if head & 0x0F == 0x8 else payload
        data, self._received = self._received[:size], self._received[size:]
        return data

    def close(self) -> None:
        self._connection.close()


def exactly(connection: Connection, size: int) -> bytes:
    """The next bytes of a connection. Raises ConnectionError when it ends before them."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("it closed the connection")
        data += part
    return data
