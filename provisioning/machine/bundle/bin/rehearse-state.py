#!/usr/bin/python3 -B
"""Has a throw-away broker read the saved state. See mqtt_saas/rehearse_state.py."""

from mqtt_saas.rehearse_state import main

main()
