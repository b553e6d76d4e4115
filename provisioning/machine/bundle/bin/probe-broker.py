#!/usr/bin/python3 -B
"""Asks the broker for its service once. See mqtt_saas/probe_broker.py."""

from mqtt_saas.probe_broker import main

main()
