"""The ports that a mosquitto.conf opens, and what is spoken on each."""

from typing import NamedTuple


class Listener(NamedTuple):
    """`protocol` is Mosquitto's word: mqtt or websockets."""

    port: int
    protocol: str


def read_listeners(config: str) -> list[Listener]:
    """The listeners of a configuration's text, in its order. Mosquitto's settings of a listener follow its line."""
    found = []
    for line in config.splitlines():
        option, *values = line.split() or [""]
        if option == "listener":
            found.append(Listener(int(values[0]), "mqtt"))
        elif option == "protocol" and found:
            found[-1] = found[-1]._replace(protocol=values[0])
    return found
