#!/usr/bin/python3 -B
"""Makes the machine's own broker account. See mqtt_saas/make_probe_account.py."""

from mqtt_saas.make_probe_account import main

main()
