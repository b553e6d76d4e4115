#!/bin/sh
# Starts the broker from its newest whole state, and beside it what makes it save.
set -eu
umask 077
bin=/opt/mqtt-saas/current/bin
metrics=/run/mqtt-saas-metrics
mkdir -p $metrics/broker $metrics/save-state
$bin/choose-state.py
# The shell becomes the broker, which keeps its number.
echo $$ >$metrics/broker.pid
while :; do
  # No reserve: it is a part of the file system, which here is the whole host's.
  $bin/save-state.py --processes $metrics/broker.pid --reserve 0 || true
  sleep 5
done &
exec mosquitto -c /opt/mqtt-saas/current/mosquitto.conf
