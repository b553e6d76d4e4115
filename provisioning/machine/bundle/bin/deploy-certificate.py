#!/usr/bin/python3 -B
"""Puts the broker's newest certificate into force. See mqtt_saas/deploy_certificate.py."""

from mqtt_saas.deploy_certificate import main

main()
