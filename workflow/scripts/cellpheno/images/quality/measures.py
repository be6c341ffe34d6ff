"""Measure exposure, contrast and focus of a field's channels (A4).

Bray et al. (2012), J Biomol Screen 17, 266-274, compare such measures for image-based screens.
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
"""Side of the windows for spectrum and Laplacian, px, so that large fields cost no more."""
WINDOWS = 3
"""Windows along each side of a field."""
SMALLEST = 16
"""Side below which a field is too small for a spectrum, px."""
NOISE_ONLY = 0.4
"""Cycles per px above which an image of a microscope is mostly noise."""
FINE, COARSE = (1 / 12, 1 / 4), (1 / 64, 1 / 12)
"""Bands of structure, cycles per px, lower end excluded."""
LEAST_POWER = 0.1
"""Power of structure relative to noise, below which the focus cannot be measured."""
QUANTUM = 0.29
"""Standard deviation of the rounding to integers."""
BLOCK = 8
"""Side of the blocks of `contrast` in the halved image, px."""


def measure(
    name: str, channel: Channel, values: Histogram, rescaled: npt.NDArray[np.uint8]
) -> dict[str, float]:
    """Return the quality measures of one channel of a field, under keys that begin with its name.

    Both images are [height, width], in the file's own bit depth and rescaled to 0..255. The
    measures are `bits` of the file, `mean`, `background` (5th percentile), `signal` (99.8th
    percentile above it) and `noise` (standard deviation) in counts, `saturated_fraction`,
    `focus`, `detail` and `contrast`, NaN if unknown.
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
    """Return the highest saturation and the lowest focus of a field's channels."""
    return {
        "saturated_fraction": max(record[f"{name}_saturated_fraction"] for name in channels),
        "focus": min(record[f"{name}_focus"] for name in channels),
    }


def saturated_fraction(values: Histogram) -> float:
    """Return the share of a channel's pixels that are saturated.

    These are the pixels of the largest value if it is a limit, not just the brightest pixel:

    - full scale, 2**b - 1 for 8 to 16 bits, as of a 12-bit camera in a 16-bit file; or
    - a value with over 4 times as many pixels as each of the 8 next lower values. Noise thins
      out towards the brightest value, and only a limit (full well, flat-field correction after
      clipping, software) piles pixels up. Channels with fewer than 32 values are not judged so.
    """
    share = float(values.counts[-1] / values.pixels)
    if values.maximum in FULL_SCALES:
        return share
    enough = len(values.values) >= 4 * NEIGHBOURS
    below = values.counts[-1 - NEIGHBOURS : -1]
    return share if enough and values.counts[-1] > PILE_UP * below.max() else 0.0


def focus(rescaled: npt.NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of a channel rescaled to 0..255, [height, width].

    Fields larger than 256 px are sampled in 3 windows of that size along each side.
    """
    laplacians = [cv2.Laplacian(window, cv2.CV_16S) for window in _windows(rescaled)]
    return float(cv2.meanStdDev(np.stack(laplacians).reshape(-1, 1))[1].item() ** 2)


def spectrum(channel: Channel) -> tuple[float, float]:
    """Return the noise in counts and the share of fine detail (0 to 1) of a channel.

    The noise, a standard deviation, is the power beyond 0.4 cycles per px, which optics hardly
    transmit, as the median over windows. It is subtracted from the mean power spectrum; the
    share of periods of 4 to 12 px among those of 4 to 64 px is the first to fall with defocus
    and, unlike the slope of the spectrum, does not depend on the noise. It is NaN without
    structure; both are NaN in a field below 16 px.
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
    """Return the ratio of a channel's structure to its noise, a standard deviation in counts.

    Structure is the standard deviation within blocks of 16 px, after averaging 2 x 2 pixels to
    halve the noise. The eighth highest block counts, or in a small field the one that 0.5 %
    exceed: one or two cells raise it, but a speck of dust in a large field does not. Noise alone
    gives about 1.3.
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
    """Return windows spread over a field, or a small field as the only one."""
    sides = [min(WINDOW, side) for side in pixels.shape]
    rows, columns = (
        np.unique(np.linspace(0, whole - part, WINDOWS).astype(int))
        for whole, part in zip(pixels.shape, sides, strict=True)
    )
    height, width = sides
    return [pixels[y : y + height, x : x + width] for y in rows for x in columns]


@functools.cache
def _taper(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return a Hann window, [height, width], that is nowhere zero."""
    return np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)


@functools.cache
def _frequency(height: int, width: int) -> npt.NDArray[np.float64]:
    """Return the frequency of each term of `rfft2`, [height, width // 2 + 1], cycles per px."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
