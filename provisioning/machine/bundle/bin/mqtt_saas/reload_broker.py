"""The one program that sends the broker SIGHUP: it reads its password file, ACL file and certificate again.

    reload-broker [--now | --waiting]

After a broker start with restored sessions the reload waits for ingest (docs/decisions/0006): this program then ends with
75, and reload-broker.service does the reload as soon as it may. It never has to be asked again. `--now` is a person's
decision not to wait: what devices publish until ingest is back is then lost. `--waiting` is what that service runs: it does
the reload that waits, and those that registry-sync asks for, until there is none.

Exit codes: 0 the broker reads its files, or is not running and will; 75 it will, later; 1 failed; 2 usage.
"""

import argparse
import sys
import time

from mqtt_saas import reload

EX_TEMPFAIL = 75
# A change of the registry must be in force within 5 s.
ROUND_SECONDS = 0.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--now", action="store_true", help="do not wait for ingest; loses messages, see above")
    how.add_argument("--waiting", action="store_true", help="do what waits, and end when nothing does")
    reload.add_options(parser)
    options = parser.parse_args()
    reloader = reload.from_options(options)
    if options.waiting:
        do_waiting(reloader)
        return
    try:
        outcome = reloader.request()
        if outcome.startswith(reload.WAITS):
            # Long enough for the gap after an earlier reload; ingest may take a minute.
            time.sleep(reload.MIN_GAP_SECONDS)
            outcome = reloader.attempt(force=options.now)
    except OSError as error:
        sys.exit(f"reload-broker: {error}")
    print(f"reload-broker: {outcome}")
    sys.exit(EX_TEMPFAIL if outcome.startswith(reload.WAITS) else 0)


def do_waiting(reloader: reload.Reloader) -> None:
    said = ""
    while reloader.take_wish():
        outcome = reloader.attempt()
        if outcome not in (said, reload.IDLE):
            print(f"reload-broker: {outcome}", flush=True)
        said = outcome
        time.sleep(ROUND_SECONDS)
