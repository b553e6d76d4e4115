#!/bin/sh
# A newcomer's first commands in the checkout that is the working folder: `npm start` until it runs, `verify`, stop.
# Prints what each took, in seconds and MB, and fails when it is more than MAXIMUM_MB. The arguments are further tests to run, as
# npm scripts.
set -eu
# docs/local.md says 800 for the packages; the rest is the platform's own.
MAXIMUM_MB=1000
log=$(mktemp)
say() { echo "  $(whoami): $*"; }

say "Node $(node --version), npm $(npm --version)"
began=$(date +%s)
npm start >"$log" 2>&1 &
start=$!
until grep -q 'The platform is running' "$log"; do
  if ! kill -0 "$start" 2>/dev/null; then
    cat "$log"
    exit 1
  fi
  sleep 0.5
done
sed 's/^/    /' "$log" | grep -e ' \.\.\.$' -e 'error' || true
say "npm start reached running after $(($(date +%s) - began)) s"

npm run --silent verify -- --target local
# As big as it is: what npm and the platform keep for this user, and the checkout without its history.
du -sm --exclude=.git . "$HOME/.npm" "$HOME/.cache/mqtt-saas" /var/lib/mqtt-saas 2>/dev/null |
  awk -v most="$MAXIMUM_MB" '{ sum += $1; print "    " $1 " MB  " $2 }
    END { print "    " sum " MB in all, of " most; exit (sum > most) }' || too_big=1

kill "$start"
# Brackets: this script's own command line has the words, too.
while pgrep -f 'local/main[.]ts' >/dev/null; do sleep 0.2; done
for script in "$@"; do npm run --silent "$script"; done
rm -f "$log"
exit "${too_big:-0}"
