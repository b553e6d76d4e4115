#!/usr/bin/python3 -B
"""Sends the machine's figures to Azure Monitor. See mqtt_saas/send_figures.py."""

from mqtt_saas.send_figures import main

main()
