#!/usr/bin/python3 -B
"""Looks after the broker. See mqtt_saas/send_figures.py."""

from mqtt_saas.send_figures import main

main()
