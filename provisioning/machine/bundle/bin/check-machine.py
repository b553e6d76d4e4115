#!/usr/bin/python3 -B
"""Says what is wrong with the machine's packages and units. See mqtt_saas/check_machine.py."""

from mqtt_saas.check_machine import main

main()
