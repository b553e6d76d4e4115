#!/usr/bin/python3 -B
"""Makes the broker save its state as often as it can afford. See mqtt_saas/save_state.py."""

from mqtt_saas.save_state import main

main()
