#!/usr/bin/python3 -B
"""Keeps the broker's accounts in line with the registry. See mqtt_saas/registry_sync.py."""

from mqtt_saas.registry_sync import main

main()
