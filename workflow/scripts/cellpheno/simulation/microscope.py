"""Simulate a widefield microscope with a camera: optics, illumination, noise, saturation."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellpheno.simulation.drawing import MARGIN
from cellpheno.simulation.outlines import Array

FULL_WELL = 4095
"""Largest count of the camera: 12 bits, stored in 16."""


@dataclasses.dataclass(frozen=True)
class Microscope:
    """A microscope with its camera, in counts of the image files."""

    bias: float = 100.0
    """Counts without light."""
    gain: float = 0.6
    """Counts per photo-electron."""
    read_noise: float = 5.0
    """Standard deviation, counts."""
    membrane_signal: float = 1000.0
    """Counts of a membrane of usual stain."""
    nucleus_signal: float = 1050.0
    brightfield_level: float = 1500.0
    background: float = 90.0
    """Counts of stray light and unbound stain in fluorescence."""
    blur: tuple[float, float] = (1.0, 1.6)
    """Range over fields of the standard deviation of the focus blur, px."""
    exposure_spread: float = 0.15
    """Standard deviation over fields of the logarithm of the brightness."""
    vignette: float = 0.25
    """Loss of light from the middle to the corners."""
    overexposure: tuple[float, float] = (14.0, 2.8)
    """Factors by which exposure is too long in fluorescence and in bright field of a bad field."""
    defocus: float = 5.0
    """Standard deviation of the blur of a field that is out of focus, px."""
    full_well: int = FULL_WELL


@dataclasses.dataclass(frozen=True)
class Stain:
    """The amount and brightness of a stain in one fluorescence channel."""

    amount: Array
    """[height, width] with `MARGIN` around the field; 1 is usual."""
    signal: float
    """Counts of a usual amount."""


def photograph(
    stains: Mapping[str, Stain],
    thickness: Array,
    microscope: Microscope,
    fault: str,
    rng: np.random.Generator,
) -> dict[str, npt.NDArray[np.uint16]]:
    """Return the images of a field, uint16 [height, width]: the stains' channels and brightfield.

    `thickness` is the optical thickness, [height, width] with `MARGIN` around the field, px. A
    `fault` of `overexposed` takes far too much light, and `out_of_focus` blurs the whole field.
    """
    longer = microscope.overexposure if fault == "overexposed" else (1.0, 1.0)
    light = {
        channel: longer[0] * _fluorescence(stain.amount, stain.signal, microscope, rng)
        for channel, stain in stains.items()
    }
    light["brightfield"] = longer[1] * _brightfield(thickness, microscope, rng)
    if fault == "out_of_focus":
        light = {
            channel: ndimage.gaussian_filter(picture, microscope.defocus)
            for channel, picture in light.items()
        }
    return {channel: camera(picture, microscope, rng) for channel, picture in light.items()}


def _fluorescence(
    stain: Array, signal: float, microscope: Microscope, rng: np.random.Generator
) -> Array:
    """Return the light of a stained layer in the field, counts."""
    stain = stain + np.float32(0.012) * specks(stain.shape, 60000, rng)
    sharp = ndimage.gaussian_filter(stain, rng.uniform(*microscope.blur))
    # light from out of focus is so smooth that every fourth pixel suffices
    glow = ndimage.gaussian_filter(_shrunk(stain, 4), 3.0)
    brightness = signal * np.exp(rng.normal(0, microscope.exposure_spread))
    stray = (
        microscope.background * np.exp(rng.normal(0, 0.3)) * (1 + mottle(stain.shape, 0.12, rng))
    )
    light = _cropped(brightness * (sharp + 0.28 * _enlarged(glow, stain.shape)) + stray)
    return light * illumination(light.shape, microscope.vignette, 0.1, rng)


def _brightfield(thickness: Array, microscope: Microscope, rng: np.random.Generator) -> Array:
    """Return bright-field light, in which a slight defocus shows the curvature of cells."""
    thickness = thickness + specks(thickness.shape, 12000, rng)
    near = ndimage.gaussian_laplace(thickness, rng.uniform(1.2, 1.6))
    far = ndimage.gaussian_laplace(thickness, 3.2)
    smooth = ndimage.gaussian_filter(thickness, 1.3)
    slope = np.gradient(smooth, axis=1) + 0.5 * np.gradient(smooth, axis=0)
    defocus = rng.uniform(0.8, 1.2)
    contrast = 0.045 * slope - defocus * (0.16 * near + 0.35 * far) - 0.006 * smooth
    contrast = 0.55 * np.tanh(_cropped(contrast) / 0.55)
    level = microscope.brightfield_level * np.exp(rng.normal(0, 0.08))
    light = level * (1 + contrast + _cropped(mottle(thickness.shape, 0.007, rng)))
    return light * illumination(light.shape, 0.4 * microscope.vignette, 0.07, rng)


def specks(shape: tuple[int, int], area: float, rng: np.random.Generator) -> Array:
    """Return the thickness of dust and debris, one speck per `area` px on average."""
    specks = np.zeros(shape, np.float32)
    count = rng.poisson(shape[0] * shape[1] / area)
    rows, columns = rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)
    specks[rows, columns] = rng.lognormal(2.6, 0.7, count)
    return ndimage.gaussian_filter(specks, 1.2)


def mottle(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> Array:
    """Return broad unevenness of the background, such as dirt far from the focus."""
    noise = rng.standard_normal([n // 8 + 2 for n in shape], dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, 2.5)
    return strength * _enlarged(smooth / smooth.std(), shape)


def _shrunk(picture: Array, factor: int) -> Array:
    """Return the means of blocks of pixels, without incomplete blocks."""
    height, width = (n // factor for n in picture.shape)
    blocks = picture[: height * factor, : width * factor]
    return blocks.reshape(height, factor, width, factor).mean(axis=(1, 3))


def _enlarged(picture: Array, shape: tuple[int, int]) -> Array:
    """Return a smooth image interpolated to a larger shape."""
    factors = [wanted / given for wanted, given in zip(shape, picture.shape, strict=True)]
    return ndimage.zoom(picture, factors, order=1, mode="nearest", grid_mode=True)


def illumination(
    shape: tuple[int, ...], vignette: float, tilt: float, rng: np.random.Generator
) -> Array:
    """Return the relative light over the field: an off-centre vignette, and a tilt."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    middle, slope = rng.normal(0, 0.12, 2), rng.normal(0, tilt / 2, 2)
    fall = 0.5 * vignette * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2)
    return np.clip(1 - fall + slope[0] * x + slope[1] * y, 0.2, None).astype(np.float32)


def camera(
    light: Array, microscope: Microscope, rng: np.random.Generator
) -> npt.NDArray[np.uint16]:
    """Return the camera's counts for an amount of light."""
    electrons = rng.poisson(np.maximum(light, 0) / microscope.gain)
    noise = rng.standard_normal(light.shape, dtype=np.float32) * microscope.read_noise
    counts = microscope.bias + microscope.gain * electrons + noise
    return np.clip(np.rint(counts), 0, microscope.full_well).astype(np.uint16)


def _cropped(canvas: Array) -> Array:
    """Return the field without its margin."""
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]
