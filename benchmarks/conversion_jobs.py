"""Fields converted by other processes while networks compute, as a workflow's jobs do it."""

from pathlib import Path

import benchmarks  # noqa: F401 - finds the library
from cellpheno.images import store
from cellpheno.images.conversion import Converter

CHANNELS = ["red", "green", "blue"]
COMPOSITE = {
    **{name: name for name in CHANNELS},
    "rescale": "window",
    "window": {name: [0, 255 * 16] for name in CHANNELS},
    "percentiles": [0, 100],
}


def convert(row: dict[str, str], shard: Path) -> Path:
    """Convert one field to a shard of its own.

    Raises
    ------
    RuntimeError
        With the verdict, where the field was set aside.
    """
    converter = Converter(CHANNELS, COMPOSITE)
    store.write(shard, converter.images([row]))
    [verdict] = converter.table()["verdict"]
    if verdict != "ok":
        raise RuntimeError(verdict)
    return shard
