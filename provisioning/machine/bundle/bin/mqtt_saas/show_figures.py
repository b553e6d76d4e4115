"""Prints all figures of the machine as one text that Prometheus reads.

    show-figures

For a Prometheus outside: it fetches them by SSH, because the machine has no port for it. Anybody on the machine may run it.
"""

import sys

from mqtt_saas import figures
from mqtt_saas.contract import METRICS, REGISTRY_SYNC


def main() -> None:
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    print(figures.text(figures.read_all(METRICS, REGISTRY_SYNC)), end="")
