"""Find channels that look like another channel of the study's other fields."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from cellpheno.images.quality import limits

MOST = 10.0
"""Standard deviations at which a distance is cut off."""
FITS = 2.5
"""Root mean square distance, standard deviations, up to which a channel is like others."""
BETTER = 1.5
"""Standard deviations by which a channel must fit the other name better than its own."""
LEAST_SPREADS = {"mean": 0.15, "contrast": 0.25, "detail": 0.25, "fill": 0.05}
"""Lower bound of each standard deviation, of logarithms except for `fill`."""
IDENTICAL = ("mean", "background", "signal", "noise", "contrast", "detail")


def swapped(fields: pd.DataFrame, channels: Sequence[str]) -> list[dict[str, str]]:
    """Return, for each field, the channels that look like another one, and that one.

    The profile of a channel is brightness, contrast, fine detail, and how much of the field is
    bright. A field's channels are assigned to the names whose usual profiles, the medians over
    the study's fields, they fit best. A field's entry is empty if channels match their names or
    profiles are unknown.
    """
    profiles = np.stack([_profile(fields, channel) for channel in channels])
    middles = [
        [
            limits.middle(row, least)
            for row, least in zip(profile, LEAST_SPREADS.values(), strict=True)
        ]
        for profile in profiles
    ]
    usual = np.array(middles)  # [channel, number, median and spread]
    # distance of a channel's profile [field, channel] from the usual one of a name [channel]
    apart = np.abs(profiles.transpose(2, 0, 1)[:, :, None] - usual[:, :, 0]) / usual[:, :, 1]
    known = np.isfinite(apart)
    squares = np.where(known, np.square(np.minimum(apart, MOST)), 0).sum(axis=3)
    with np.errstate(invalid="ignore"):  # a channel without any measure fits nothing
        distance = np.sqrt(squares / known.sum(axis=3))
    return [_best(misfit, channels) for misfit in distance]


def _best(misfit: npt.NDArray[np.float64], channels: Sequence[str]) -> dict[str, str]:
    if not np.isfinite(misfit).all():
        return {}
    held, names = linear_sum_assignment(misfit)
    moved = held != names
    better = misfit[held, held] - misfit[held, names]
    if not moved.any() or (misfit[held, names] > FITS).any() or (better[moved] < BETTER).any():
        return {}
    return {channels[a]: channels[b] for a, b in zip(held[moved], names[moved], strict=True)}


def _profile(fields: pd.DataFrame, channel: str) -> npt.NDArray[np.float64]:
    """Return the measures of `LEAST_SPREADS`, [measure, field]."""
    mean, background, signal, contrast, detail = (
        limits.numbers(fields, channel, number)
        for number in ("mean", "background", "signal", "contrast", "detail")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        fill = (mean - background) / signal
        profile = [*np.log([mean, contrast, detail]), fill]
    return np.where(np.isfinite(profile), profile, np.nan)


def same_picture(fields: pd.DataFrame, channels: Sequence[str]) -> list[tuple[str, str] | None]:
    """Return, for each field, two channels whose measures are all equal, or None."""
    found: list[tuple[str, str] | None] = [None] * len(fields)
    for n, second in enumerate(channels):
        for first in channels[:n]:
            pairs = [
                (limits.numbers(fields, first, number), limits.numbers(fields, second, number))
                for number in IDENTICAL
            ]
            equal = np.all([a == b for a, b in pairs], axis=0)
            found = [
                (first, second) if same else before
                for same, before in zip(equal, found, strict=True)
            ]
    return found
