#!/usr/bin/python3 -B
"""Judges a bundle that was fetched and puts it into force. See mqtt_saas/activate_release.py."""

from mqtt_saas.activate_release import main

main()
