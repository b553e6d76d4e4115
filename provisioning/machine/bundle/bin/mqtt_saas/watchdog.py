"""Tells systemd that a program still goes round (WatchdogSec= of its unit); one that hangs is started again."""

import os
import socket
import time

# Seldom, because systemd wakes up for each.
EVERY_SECONDS = 10.0
_told = float("-inf")


def alive() -> None:
    """Nothing when systemd does not ask for it. sd_notify(3)."""
    global _told
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or time.monotonic() - _told < EVERY_SECONDS:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        connection.sendall(b"WATCHDOG=1")
    _told = time.monotonic()


def sleep(seconds: float) -> None:
    """Sleeps, and is alive meanwhile."""
    end = time.monotonic() + seconds
    while True:
        alive()
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, EVERY_SECONDS))
