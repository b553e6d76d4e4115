#!/usr/bin/python3 -B
"""Gives the broker the accounts it cannot start without. See mqtt_saas/seed_accounts.py."""

from mqtt_saas.seed_accounts import main

main()
