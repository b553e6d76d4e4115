#!/usr/bin/python3 -B
"""Puts a configuration bundle into force. See mqtt_saas/broker_apply.py."""

from mqtt_saas.broker_apply import main

main()
