# Installed as /etc/profile.d/10-mqtt-saas.sh. An administrator's shell that was forgotten ends; seconds.
# shellcheck shell=dash
TMOUT=900
readonly TMOUT
export TMOUT
umask 027
ulimit -c 0
