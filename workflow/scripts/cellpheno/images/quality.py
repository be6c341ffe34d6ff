"""Exposure and focus of a field of view, and the verdict on it (A4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.errors import StudyError
from cellpheno.images.histogram import Histogram
from cellpheno.images.readers import Channel

OK = "ok"
FULL_SCALES = frozenset(2**bits - 1 for bits in range(8, 17))
NEIGHBOURS = 8
PILE_UP = 4
BACKGROUND_PERCENTILE = 5.0


def measure(
    name: str, channel: Channel, values: Histogram, rescaled: npt.NDArray[np.uint8]
) -> dict[str, float]:
    """Return the numbers on one channel of a field.

    Parameters
    ----------
    name
        Of the channel; the keys begin with it.
    channel
        [height, width], in the file's own bit depth.
    values
        The channel's histogram.
    rescaled
        [height, width], the channel in 0..255.
    """
    return {
        f"{name}_mean": values.mean,
        f"{name}_background": values.percentile(BACKGROUND_PERCENTILE),
        f"{name}_saturated_fraction": saturated_fraction(values),
        f"{name}_focus": focus(rescaled),
    }


def worst(record: Mapping[str, Any], channels: Sequence[str]) -> dict[str, float]:
    """Return the numbers of a field's worst channel: the most saturated, the least sharp."""
    return {
        "saturated_fraction": max(record[f"{name}_saturated_fraction"] for name in channels),
        "focus": min(record[f"{name}_focus"] for name in channels),
    }


def saturated_fraction(values: Histogram) -> float:
    """Return the share of a channel's pixels that the camera could not count any higher.

    These are the pixels at the channel's largest value, if that value is a limit and not just
    the brightest pixel:

    - it is full scale, 2**b - 1 for b from 8 to 16 bits, so that a 12-bit camera in a 16-bit
      file is noticed at 4095 without being told; or
    - the pixels pile up there: more than 4 times as many as at any of the 8 values that occur
      next below. Noise thins out towards the brightest value; only a limit (full well, flat-field
      correction after clipping, software) heaps pixels upon it. A channel of fewer than 32 values
      is no photograph and is not judged this way.

    A channel with one value only has nothing saturated unless that value is full scale.
    """
    share = float(values.counts[-1] / values.pixels)
    if values.maximum in FULL_SCALES:
        return share
    enough = len(values.values) >= 4 * NEIGHBOURS
    below = values.counts[-1 - NEIGHBOURS : -1]
    return share if enough and values.counts[-1] > PILE_UP * below.max() else 0.0


def focus(rescaled: npt.NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of a channel rescaled to 0..255, [height, width]."""
    return float(cv2.meanStdDev(cv2.Laplacian(rescaled, cv2.CV_16S))[1].item() ** 2)


def judge(fields: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Give every field its verdict.

    Parameters
    ----------
    fields
        The quality table; fields that could not be read carry the reason as their verdict.
    settings
        `max_saturated_fraction`, `min_focus` (0: any) and `on_bad` (`set_aside` or `stop`).

    Returns
    -------
    DataFrame
        The same table; `verdict` is `ok` or the reason why the field is set aside.

    Raises
    ------
    StudyError
        When fields are bad and `on_bad` is `stop`, or when every field is bad.
    """
    verdicts = [_verdict(row, settings) for row in fields.to_dict("records")]
    judged = fields.assign(verdict=pd.Series(verdicts, index=fields.index, dtype="str"))
    bad = judged[judged["verdict"] != OK]
    if len(bad) and (settings["on_bad"] == "stop" or len(bad) == len(judged)):
        shown = "; ".join(f"{row.field}: {row.verdict}" for row in bad.head(5).itertuples())
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise StudyError(
            f"{len(bad)} of {len(judged)} fields fail the quality control ({shown}{more}); replace "
            "or leave them out of the sample sheet, or change quality in the config."
        )
    return judged


def _verdict(row: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return `ok`, or the first reason against a field."""
    if row["verdict"] != OK:
        return row["verdict"]
    limit = settings["max_saturated_fraction"]
    if row["saturated_fraction"] > limit:
        return (
            f"over-exposed: {row['saturated_fraction']:.3g} of a channel saturated, limit {limit:g}"
        )
    limit = settings["min_focus"]
    if row["focus"] < limit:
        return f"out of focus: variance of the Laplacian {row['focus']:.3g}, limit {limit:g}"
    return OK
