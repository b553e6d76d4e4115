# Installed as /etc/profile.d/10-mqtt-saas.sh. Ends an idle administrator's shell; in seconds.
# shellcheck shell=dash
TMOUT=900
readonly TMOUT
export TMOUT
umask 027
ulimit -c 0
