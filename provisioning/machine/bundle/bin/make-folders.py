#!/usr/bin/python3 -B
"""Gives each service's user its folders. See mqtt_saas/make_folders.py."""

from mqtt_saas.make_folders import main

main()
