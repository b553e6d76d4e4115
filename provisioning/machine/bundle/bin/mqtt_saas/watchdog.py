"""Tells systemd that a program still goes round (WatchdogSec= of its unit); one that hangs is started again."""

import os
import socket
import time

SLICE_SECONDS = 10.0


def alive() -> None:
    """Nothing when systemd does not ask for it. sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        connection.sendall(b"WATCHDOG=1")


def sleep(seconds: float) -> None:
    """Sleeps, and is alive meanwhile."""
    end = time.monotonic() + seconds
    while True:
        alive()
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, SLICE_SECONDS))
