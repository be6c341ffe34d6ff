"""Choose one range per channel for a whole study, so that intensities are comparable.

Shards are counted separately, and their sum gives the ranges.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images import composite
from cellpheno.images.quality.histogram import Histogram, coarse, histogram, merged
from cellpheno.images.reading import readers
from cellpheno.tables import storage
from cellpheno.tables.quality import RANGES, VALUES

logger = logging.getLogger(__name__)


def count(
    rows: Iterable[Mapping[str, str]], channels: Sequence[str], files: Mapping[str, Any]
) -> pd.DataFrame:
    """Count the values in the channels of all readable rows of the sheet; return VALUES.

    Integers are counted exactly and floating-point numbers in bins (`histogram.coarse`), so
    memory depends on the possible values, not on the number of fields. `files` is the config's
    section `image_files`.
    """
    counted: dict[str, Histogram] = {}
    for row in rows:
        try:
            field = readers.read_field(row, channels, files)
            composite.common_shape(field.channels)
        except StudyError as error:
            logger.info("%s is not counted: %s", row["field"], error)
            continue
        for name, channel in field.channels.items():
            _add(counted, name, histogram(coarse(channel)))
    frames = [_table(name, values) for name, values in counted.items()]
    return storage.concatenate(frames, VALUES)


def choose(shards: Iterable[pd.DataFrame], percentiles: Sequence[float]) -> pd.DataFrame:
    """Return the RANGES of each channel over all fields by the rule `percentile`.

    `shards` are VALUES tables, of which one is in memory at a time. The result is empty when no
    field can be read.
    """
    counted: dict[str, Histogram] = {}
    for shard in shards:
        for name, rows in shard.groupby("channel", sort=False):
            _add(counted, str(name), Histogram(rows["value"].to_numpy(), rows["pixels"].to_numpy()))
    ranges = [
        (name, *composite.channel_range(values, "percentile", percentiles))
        for name, values in counted.items()
    ]
    return pd.DataFrame(ranges, columns=["channel", "low", "high"])


def read(path: str | Path) -> dict[str, tuple[float, float]]:
    """Read RANGES: channel to low and high."""
    rows = storage.read(path, RANGES)
    ranges = zip(rows["low"], rows["high"], strict=True)
    return dict(zip(rows["channel"], ranges, strict=True))


def _table(name: str, counted: Histogram) -> pd.DataFrame:
    values = counted.values.astype(np.float64)  # noqa: PD011 - a histogram is no frame
    return pd.DataFrame({"channel": name, "value": values, "pixels": counted.counts})


def _add(counted: dict[str, Histogram], name: str, values: Histogram) -> None:
    counted[name] = merged(counted[name], values) if name in counted else values
