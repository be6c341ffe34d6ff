"""Channels that hold what another channel should hold, told by the study's other fields."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

from cellpheno.images.quality import limits

MOST = 10.0
"""Standard deviations after which a number fits no worse."""
FITS = 2.5
"""Root mean square distance, standard deviations, at which a channel is still like others."""
BETTER = 1.5
"""By how much a channel must fit its other name better than its own, standard deviations."""
LEAST_SPREADS = {"mean": 0.15, "contrast": 0.25, "detail": 0.25, "fill": 0.05}
"""Smallest standard deviation of each number: of its logarithm, but for `fill` of itself."""
IDENTICAL = ("mean", "background", "signal", "noise", "contrast", "detail")


def swapped(fields: pd.DataFrame, channels: Sequence[str]) -> list[dict[str, str]]:
    """Find fields whose channels look like each other's.

    Every channel has a profile: brightness, contrast, fine detail, and how much of the field is
    bright. The channels of a field are dealt to the names whose usual profiles, the medians over
    the study's fields, they fit best.

    Parameters
    ----------
    fields
        The quality table.
    channels
        Names of the channels.

    Returns
    -------
    list
        For each field, in their order: name of a channel, and the name of the one that it looks
        like; empty where the channels are what they are called, or where nothing can be told.
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
    # distance of what is held [field, channel] from what the name should hold [channel]
    apart = np.abs(profiles.transpose(2, 0, 1)[:, :, None] - usual[:, :, 0]) / usual[:, :, 1]
    known = np.isfinite(apart)
    squares = np.where(known, np.square(np.minimum(apart, MOST)), 0).sum(axis=3)
    with np.errstate(invalid="ignore"):  # a channel of which nothing is known fits nothing
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
    """Return the numbers of `LEAST_SPREADS`, [number, field]."""
    mean, background, signal, contrast, detail = (
        limits.numbers(fields, channel, number)
        for number in ("mean", "background", "signal", "contrast", "detail")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        fill = (mean - background) / signal
        profile = [*np.log([mean, contrast, detail]), fill]
    return np.where(np.isfinite(profile), profile, np.nan)


def same_picture(fields: pd.DataFrame, channels: Sequence[str]) -> list[tuple[str, str] | None]:
    """Find fields with one picture in two channels: those of which every number is the same.

    Returns
    -------
    list
        For each field, in their order: the two channels, or None.
    """
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
