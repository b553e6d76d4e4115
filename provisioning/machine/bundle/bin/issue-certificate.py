#!/usr/bin/python3 -B
"""Obtains the broker's certificate from an ACME server. See mqtt_saas/issue_certificate.py."""

from mqtt_saas.issue_certificate import main

main()
