#!/usr/bin/python3 -B
"""Whether the broker takes connections with its certificate: exit code 0, or 1 with why not."""

import os
import socket
import ssl
import sys

try:
    context = ssl.create_default_context(cafile="/run/mqtt-saas/ca.crt")
    with socket.create_connection(("127.0.0.1", 8883), timeout=4) as connection:
        context.wrap_socket(connection, server_hostname=os.environ["PLATFORM_HOST"]).close()
except OSError as error:
    sys.exit(f"the broker does not answer: {error}")
