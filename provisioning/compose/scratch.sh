#!/bin/sh
# An empty Postgres for a restore drill, new at every start. It listens on the pod's own loopback only, and asks nobody for a password.
set -eu
umask 077
bin=/usr/lib/postgresql/17/bin
data=/var/lib/postgresql/scratch
rm -rf $data
$bin/initdb --pgdata=$data --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-instructions
exec $bin/postgres -D $data -c unix_socket_directories=/tmp -c listen_addresses=127.0.0.1 -c fsync=off \
  -c dynamic_shared_memory_type=mmap -c log_min_error_statement=panic
