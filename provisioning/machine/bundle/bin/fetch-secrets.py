#!/usr/bin/python3 -B
"""Brings the machine's secrets into memory. See mqtt_saas/fetch_secrets.py."""

from mqtt_saas.fetch_secrets import main

main()
