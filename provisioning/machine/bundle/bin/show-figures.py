#!/usr/bin/python3 -B
"""Looks after the broker. See mqtt_saas/show_figures.py."""

from mqtt_saas.show_figures import main

main()
