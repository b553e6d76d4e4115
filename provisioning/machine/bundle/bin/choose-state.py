#!/usr/bin/python3 -B
"""Sees to it that the broker starts from a whole state. See mqtt_saas/choose_state.py."""

from mqtt_saas.choose_state import main

main()
