#!/usr/bin/python3 -B
"""Prints the machine's figures. See mqtt_saas/show_figures.py."""

from mqtt_saas.show_figures import main

main()
