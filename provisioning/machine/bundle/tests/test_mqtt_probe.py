"""The probe tells a refused certificate from a broker that does not answer. The rest: rehearse-broker.test.ts."""

import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest
from unittest import mock

from mqtt_saas import mqtt_probe
from mqtt_saas.listeners import Listener
from mqtt_saas.mqtt_probe import CertificateRefused, ProbeFailure, answers

NAME = "broker.invalid"


class Certificate(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.certificate, self.key = (os.path.join(place.name, name) for name in ("certificate", "key"))
        certify = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
        names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        subprocess.run([*certify, *names, "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        # Of a probe that does not come back nobody waits.
        self.server.settimeout(5)
        self.addCleanup(self.server.close)

    def ask(self, name: str, serves: bool = True, resets: int = 0) -> None:
        """Asks a server that speaks TLS with the certificate and then ends, or that says nothing at all.

        resets: how many connections it resets before.
        """

        def serve() -> None:
            for _ in range(resets):
                connection, _ = self.server.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key)
            connection, _ = self.server.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve) if serves else threading.Thread()
        thread.start()
        try:
            with mock.patch.object(mqtt_probe, "TIMEOUT_SECONDS", 1):
                answers(Listener(self.server.getsockname()[1], "mqtt"), name, self.certificate, "password")
        finally:
            thread.join()

    def test_one_for_another_name_is_refused(self) -> None:
        with self.assertRaises(CertificateRefused):
            self.ask("another.invalid")

    def test_a_good_one_of_a_server_that_then_ends_is_not_the_trouble(self) -> None:
        with self.assertRaises((ProbeFailure, OSError)) as raised:
            self.ask(NAME)
        self.assertNotIsInstance(raised.exception, CertificateRefused)

    def test_a_server_that_hangs_does_not_answer(self) -> None:
        with self.assertRaises(ProbeFailure) as raised:
            self.ask(NAME, serves=False)
        self.assertNotIsInstance(raised.exception, CertificateRefused)

    def test_one_that_is_being_restarted_is_asked_again(self) -> None:
        with self.assertRaises(CertificateRefused):
            self.ask("another.invalid", resets=3)
