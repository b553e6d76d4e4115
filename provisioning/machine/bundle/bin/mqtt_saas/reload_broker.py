"""The one program that sends the broker SIGHUP: it reads its certificate and the reloadable part of its configuration again.

    reload-broker

Ends with 0 when the broker was told, or is not running and will read its files; 1 when it failed.
"""

import argparse
import sys

from mqtt_saas import reload


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reload.add_options(parser)
    try:
        print(f"reload-broker: {reload.reload(reload.Broker(parser.parse_args().processes))}")
    except OSError as error:
        sys.exit(f"reload-broker: {error}")
