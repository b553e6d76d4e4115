#!/usr/bin/python3 -B
"""Attaches the machine to Ubuntu Pro. See mqtt_saas/attach_pro.py."""

from mqtt_saas.attach_pro import main

main()
