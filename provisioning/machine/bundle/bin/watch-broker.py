#!/usr/bin/python3 -B
"""Looks after the broker. See mqtt_saas/watch_broker.py."""

from mqtt_saas.watch_broker import main

main()
