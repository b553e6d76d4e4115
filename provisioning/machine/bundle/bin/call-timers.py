#!/usr/bin/python3 -B
"""Looks after the broker. See mqtt_saas/call_timers.py."""

from mqtt_saas.call_timers import main

main()
