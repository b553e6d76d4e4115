"""Reads the view broker.registry, and cheaply whether it changed. Works through a pooler in transaction mode: every
statement stands for itself, and psycopg2 puts the values into its text, so nothing is prepared.
"""

import os
import secrets
import select
import time
import urllib.parse
from typing import Any

import psycopg2
import psycopg2.extensions

from mqtt_saas.registry import Row

# A database that says nothing for so long is away.
PATIENCE_SECONDS = 15
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
LOOPBACK = ("localhost", "127.0.0.1", "::1")

# On the server, too, or a query that nobody waits for any more would go on. In one message with the query and for it only:
# a session's own settings do not survive a pooler.
LIMIT = f"set local statement_timeout = {PATIENCE_SECONDS * 1000 - 1000}; "
# 64 bits a row, summed: 20 ms with 10,000 devices, and one short row goes over the wire. The seed is of this process, so
# that no one can choose a hash that leaves the sum as it was.
FINGERPRINT = """select count(*), sum(hashtextextended(concat_ws(' ', username, purpose, password_hash, former), %s))::text
from broker.registry"""
# A timer that never ran is as late as can be.
TIMERS = """select name, extract(epoch from clock_timestamp() - coalesce(ran_at, 'epoch'))::float8 from broker.heartbeats"""
ROWS = "select kind, username, purpose, tenant_slug, device_slug, password_hash, former from broker.registry"


class DatabaseAway(Exception):
    """Why the registry cannot be read; never with the password."""


class RegistryDatabase:
    """url_file: holds a postgresql:// address with its password, read at each connect; ca_file: PEM, may be missing."""

    def __init__(self, url_file: str, ca_file: str) -> None:
        self._url_file, self._ca_file = url_file, ca_file
        self._connection: psycopg2.extensions.connection | None = None
        self._server = ""
        self._seed = secrets.randbits(63)

    def fingerprint(self) -> tuple[object, ...]:
        """Differs when anything in the registry does."""
        return self._query(FINGERPRINT, (self._seed,))[0]

    def rows(self) -> list[Row]:
        """Everybody who may connect: see render() of registry.py."""
        return [tuple(row) for row in self._query(ROWS)]

    def timer_ages(self) -> dict[str, float]:
        """Seconds since each timer of the Function App ran last."""
        return {str(name): float(age) for name, age in self._query(TIMERS)}

    def _query(self, sql: str, values: tuple[object, ...] | None = None) -> list[tuple[Any, ...]]:
        try:
            if self._connection is None:
                self._connection = psycopg2.connect(**self._arguments())
                self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                cursor.execute(LIMIT + sql, values)
                return cursor.fetchall()
        except (psycopg2.Error, OSError, TimeoutError) as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            # "10.0.0.5:6543: Connection refused ...", on one line.
            raise DatabaseAway(" ".join(f"{self._server}{error}".split())) from None

    def _arguments(self) -> dict[str, Any]:
        self._server = ""
        try:
            with open(self._url_file, encoding="utf-8") as file:
                url = urllib.parse.urlsplit(file.read().strip())
            # Given one by one: libpq quotes a URL that it cannot read in its error, password and all.
            host, port, user = url.hostname, url.port or 5432, url.username
            if url.scheme not in ("postgres", "postgresql") or not host or not user or not url.password:
                raise ValueError
        except ValueError:
            raise DatabaseAway(f"{self._url_file} holds no postgresql:// address with user, password and host") from None
        self._server = f"{host}:{port}: "
        # Only a database on this machine may be spoken to in plain text.
        asked = urllib.parse.parse_qs(url.query).get("sslmode", ["disable"])[0]
        return {
            "host": host,
            "port": port,
            "user": urllib.parse.unquote(user),
            "password": urllib.parse.unquote(url.password),
            "dbname": urllib.parse.unquote(url.path[1:]) or "postgres",
            "sslmode": asked if host in LOOPBACK else "verify-full",
            "sslrootcert": self._ca_file if os.path.exists(self._ca_file) else SYSTEM_CA,
            "application_name": "mqtt-saas registry-sync",
        }


def _wait(connection: psycopg2.extensions.connection) -> None:
    """Waits for the server as psycopg2 asks a program to that wants a time limit: for connecting and for each answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        reading = [connection.fileno()] if state == psycopg2.extensions.POLL_READ else []
        writing = [] if reading else [connection.fileno()]
        left = deadline - time.monotonic()
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")


psycopg2.extensions.set_wait_callback(_wait)
