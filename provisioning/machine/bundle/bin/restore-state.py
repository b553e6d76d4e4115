#!/usr/bin/python3 -B
"""Brings a copy of the broker's state back. See mqtt_saas/restore_state.py."""

from mqtt_saas.restore_state import main

main()
