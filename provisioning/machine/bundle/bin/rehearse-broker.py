#!/usr/bin/python3 -B
"""Tries a broker's configuration on a throw-away broker. See mqtt_saas/rehearse_broker.py."""

from mqtt_saas.rehearse_broker import main

main()
