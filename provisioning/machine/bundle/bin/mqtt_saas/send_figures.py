"""Sends the machine's figures to Azure Monitor, once a minute, as custom metrics of this machine.

    send-figures

Runs as root, who alone reaches the metadata service: it gives the token, and says what Azure calls this machine. Which
figures are sent is in monitored.json of this release; one that is missing is left out. What could not be sent is not sent
later: Azure takes nothing that is older than 20 minutes, and an alert on the metric's absence has fired by then.
"""

import datetime
import json
import os
import sys
import time
from typing import Any

from mqtt_saas import azure, figures
from mqtt_saas.contract import METRICS, MONITORED, REGISTRY_SYNC, RELEASE

PREFIX = "mqtt_saas_monitor"
FILE = os.path.join(METRICS, "send-figures", "monitor.prom")
RETRY: azure.Retry = {"attempts": 2, "pause": float(os.environ.get("PAUSE_SECONDS", "5"))}
DAY_SECONDS = 86_400


def worth(made_of: dict[str, str], known: dict[str, float], now: float) -> float | None:
    """A metric's value; None when a figure that it is made of is missing."""
    found = {key: known.get(figure) for key, figure in made_of.items()}
    match found:
        case {"figure": float(value)}:
            return value
        case {"since": float(then)}:
            # A clock that was set back makes nothing younger than new.
            return max(0.0, now - then)
        case {"daysUntil": float(then)}:
            return (then - now) / DAY_SECONDS
        case {"part": float(part), "whole": float(whole)} if whole > 0:
            return 100 * part / whole
    return None


def points(wanted: dict[str, Any], known: dict[str, float], now: float) -> list[dict[str, Any]]:
    """In the words of Microsoft Learn, "Metrics - Custom - Create"; one sample each, so that all its sums are the value."""
    time_text = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {name: worth(made_of, known, now) for name, made_of in wanted["metrics"].items()}
    return [
        {
            "time": time_text,
            "data": {
                "baseData": {
                    "metric": name,
                    "namespace": wanted["namespace"],
                    "series": [{"min": value, "max": value, "sum": value, "count": 1}],
                }
            },
        }
        for name, value in values.items()
        if value is not None
    ]


def send(*folders: str) -> None:
    with open(os.path.join(RELEASE, MONITORED), encoding="utf-8") as file:
        wanted = json.load(file)
    found = points(wanted, figures.read_all(*folders), time.time())
    if not found:
        sys.exit("send-figures: there are no figures yet")
    azure.post_metrics(azure.instance(**RETRY), found, **RETRY)
    missing = len(wanted["metrics"]) - len(found)
    figures.write(FILE, PREFIX, {"sent_timestamp_seconds": time.time(), "sent": len(found), "missing": missing})


def main() -> None:
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    try:
        send(METRICS, REGISTRY_SYNC)
    except azure.AzureError as error:
        sys.exit(f"send-figures: {error}; the next minute's are sent")
