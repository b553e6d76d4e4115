#!/bin/sh
# Starts Postgres; makes its cluster at the first start.
set -eu
umask 077
bin=/usr/lib/postgresql/17/bin
data=/var/lib/postgresql/data
if [ ! -e $data ]; then
  # What a start that was cut short left. The name is given to a whole cluster only.
  rm -rf $data.new
  $bin/initdb --pgdata=$data.new --username=postgres --pwfile=/run/secrets/database.password \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-instructions
  sync
  mv $data.new $data
  sync
fi
exec $bin/postgres -D $data -c hba_file=/opt/mqtt-saas/pg_hba.conf -c unix_socket_directories=/tmp \
  -c listen_addresses='*' -c ssl=on -c ssl_cert_file=/run/secrets/database.crt -c ssl_key_file=/run/secrets/database.key \
  -c logging_collector=off -c log_min_error_statement=panic "$@"
