"""The numbers on the quality of a channel of a field: exposure, contrast, focus (A4).

Bray et al. (2012), J Biomol Screen 17, 266-274, compare such numbers for image-based screens.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import scipy.fft

from cellpheno.images.quality.histogram import Channel, Histogram

OK = "ok"
FULL_SCALES = frozenset(2**bits - 1 for bits in range(8, 17))
NEIGHBOURS = 8
PILE_UP = 4
BACKGROUND_PERCENTILE = 5.0
BRIGHT_PERCENTILE = 99.8
WINDOW = 256
"""Side of the windows that spectrum and Laplacian look at, px: a large field costs no more."""
WINDOWS = 3
"""Windows along each side of a field."""
SMALLEST = 16
"""Side below which a field is too small for a spectrum, px."""
NOISE_ONLY = 0.4
"""Cycles per px above which a microscope's picture holds little but noise."""
FINE, COARSE = (1 / 12, 1 / 4), (1 / 64, 1 / 12)
"""Bands of structure, cycles per px, lower end excluded."""
LEAST_POWER = 0.1
"""Power of structure, relative to that of the noise, below which no focus can be told."""
QUANTUM = 0.29
"""Standard deviation of the rounding to integers."""
BLOCK = 8
"""Side of the blocks of `contrast`, px of a picture of half the size."""


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

    Returns
    -------
    dict
        `mean`, `background` (5th percentile), `signal` (99.8th percentile above the background)
        and `noise` (standard deviation) in counts of the file, `bits` of the file,
        `saturated_fraction`, `focus`, `detail` and `contrast`; what cannot be told is NaN.
    """
    background = values.percentile(BACKGROUND_PERCENTILE)
    noise, detail = spectrum(channel)
    numbers = {
        "bits": float(8 * channel.dtype.itemsize),
        "mean": values.mean,
        "background": background,
        "signal": values.percentile(BRIGHT_PERCENTILE) - background,
        "noise": noise,
        "saturated_fraction": saturated_fraction(values),
        "focus": focus(rescaled),
        "detail": detail,
        "contrast": contrast(channel, noise),
    }
    return {f"{name}_{number}": value for number, value in numbers.items()}


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
    """Return the variance of the Laplacian of a channel rescaled to 0..255, [height, width].

    A field larger than 256 px is looked at in 3 windows of that size along each side.
    """
    laplacians = [cv2.Laplacian(window, cv2.CV_16S) for window in _windows(rescaled)]
    return float(cv2.meanStdDev(np.stack(laplacians).reshape(-1, 1))[1].item() ** 2)


def spectrum(channel: Channel) -> tuple[float, float]:
    """Return the noise and the share of fine detail of a channel, from its power spectrum.

    The noise is the power that is left beyond 0.4 cycles per px, which optics hardly transmit,
    as the standard deviation of a pixel: the median of the windows. It is taken off the mean
    spectrum of the windows; the share of the periods 4 to 12 px among those of 4 to 64 px is what
    a defocus takes away first. Unlike the slope of the whole spectrum it does not depend on how
    much noise there is.

    Parameters
    ----------
    channel
        [height, width], any dtype.

    Returns
    -------
    tuple
        Noise in counts, and share from 0 to 1, which is NaN where there is no structure to tell
        it from; both are NaN in a field of less than 16 px.
    """
    if min(channel.shape) < SMALLEST:
        return np.nan, np.nan
    windows = np.stack(_windows(channel)).astype(np.float32)
    windows -= windows.mean(axis=(1, 2), keepdims=True)
    weights, frequency = _taper(*windows.shape[1:]), _frequency(*windows.shape[1:])
    terms = scipy.fft.rfft2(windows * weights)
    power = (np.square(terms.real) + np.square(terms.imag)) / np.square(weights).sum()
    noise = float(np.sqrt(np.median(power[:, frequency > NOISE_ONLY].mean(axis=1))))
    power = power.mean(axis=0, dtype=np.float64)
    floor = power[frequency > NOISE_ONLY].mean()
    bands = [power[(frequency > low) & (frequency <= high)] for low, high in (FINE, COARSE)]
    fine, coarse = (max(0.0, (band - floor).sum()) for band in bands)
    least = LEAST_POWER * floor * sum(len(band) for band in bands)
    return noise, float(fine / (fine + coarse)) if fine + coarse > least else np.nan


def contrast(channel: Channel, noise: float) -> float:
    """Return how far the structure of a channel stands out of its noise.

    This is the standard deviation within blocks of 16 px, of a picture whose noise is halved by
    taking pixels together by 2 x 2, relative to that of the noise. Of all blocks one of the
    highest counts: the eighth, in a small field the one that 0.5 % exceed. One or two cells are
    enough to raise it, a speck of dust in a large field is not. Noise alone gives about 1.3.

    Parameters
    ----------
    channel
        [height, width], any dtype.
    noise
        Standard deviation of a pixel, counts.
    """
    if min(channel.shape) < SMALLEST:
        return np.nan
    height, width = (side // 2 for side in channel.shape)
    half = cv2.resize(channel, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    half -= half.mean()
    blocks = (width // BLOCK, height // BLOCK)
    mean = cv2.resize(half, blocks, interpolation=cv2.INTER_AREA)
    square = cv2.resize(half * half, blocks, interpolation=cv2.INTER_AREA)
    variances = np.sort((square - mean * mean).ravel())[::-1]
    high = np.sqrt(max(0.0, variances[min(7, int(0.005 * variances.size))]))
    least = QUANTUM if channel.dtype.kind == "u" else np.finfo(np.float32).eps
    return float(high / (max(noise, least) / 2))


def _windows(pixels: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return windows spread over a field, which is the only one where it is small."""
    sides = [min(WINDOW, side) for side in pixels.shape]
    rows, columns = (
        np.unique(np.linspace(0, whole - part, WINDOWS).astype(int))
        for whole, part in zip(pixels.shape, sides, strict=True)
    )
    height, width = sides
    return [pixels[y : y + height, x : x + width] for y in rows for x in columns]


@functools.cache
def _taper(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return Hann's window, [height, width], nowhere zero."""
    return np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)


@functools.cache
def _frequency(height: int, width: int) -> npt.NDArray[np.float64]:
    """Return the frequency of each term of `rfft2`, [height, width // 2 + 1], cycles per px."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
