#!/usr/bin/python3 -B
"""Calls the Function App's timers that have stopped. See mqtt_saas/call_timers.py."""

from mqtt_saas.call_timers import main

main()
