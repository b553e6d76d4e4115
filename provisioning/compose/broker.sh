#!/bin/sh
# Starts the broker from its newest whole state, and beside it what makes it save, and serve a certificate that is renewed.
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
  # Kubernetes puts a renewed certificate in the old one's place: the broker reads it, and every client stays.
  certificate=$(sha256sum /run/mqtt-saas/server.crt) || certificate=${served:-}
  [ "$certificate" = "${served:-$certificate}" ] || kill -HUP "$(cat $metrics/broker.pid)"
  served=$certificate
  sleep 5
done &
exec mosquitto -c /opt/mqtt-saas/current/mosquitto.conf
