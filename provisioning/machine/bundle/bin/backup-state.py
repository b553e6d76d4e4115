#!/usr/bin/python3 -B
"""Copies the broker's state to Blob storage. See mqtt_saas/backup_state.py."""

from mqtt_saas.backup_state import main

main()
