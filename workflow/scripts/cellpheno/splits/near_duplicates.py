"""Find near-duplicate images: copies, re-encoded, flipped, turned or slightly shifted.

Two images are compared by the phases of their spatial frequencies (band-limited phase-only
correlation: Ito et al., IEICE Transactions on Fundamentals E87-A, 682, 2004), over eight flips and
quarter turns and small shifts. Brightness and contrast do not matter, and smooth round cells are
not confused.

Some images resemble many others. So a similarity counts if it stands out from the similarities of
either image to a sample of the study (like the normalised scores of speakers: Auckenthaler et al.,
Digital Signal Processing 10, 42, 2000).
"""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.fft

from cellpheno.images.scaling import resize

Thumbnails = npt.NDArray[np.uint8]
Spectra = npt.NDArray[np.complex64]
Vectors = npt.NDArray[np.float32]

SAME = 12.0
"""Spreads above the usual similarity from which two images show the same. The largest value among
19 million pairs of different cells, simulated and real, was 11.3."""
DOUBTFUL = 8.0
"""A lower limit for when errors cost little; 13 of those pairs reached it."""
HIGHEST = 0.995
"""Upper bound of the limit. Different compact bright nuclei reach 0.99; re-encoded, blurred or
darkened copies of these exceed the bound."""

SIDE = 32  # px of a thumbnail
BAND = (2, 8)  # cycles per side, between illumination and noise
REACH = 3  # px of a thumbnail: largest shift
STEP = 1.5
FINER = 2  # steps per px when a promising pair is examined again
SAMPLE = 512  # images that show how much an image resembles others
FEW = 20  # in a smaller sample the spread means nothing
PROMISING = 3.0
LEAST = 0.6
ROWS, COLUMNS = 256, 128  # images compared at a time

TURNS = (
    "as it is",
    "turned by 90",
    "turned by 180",
    "turned by 270",
    "flipped",
    "flipped, turned by 90",
    "flipped, turned by 180",
    "flipped, turned by 270",
)

_WINDOW = np.outer(np.hanning(SIDE + 2)[1:-1], np.hanning(SIDE + 2)[1:-1]).astype(np.float32)
_ALL = np.meshgrid(np.fft.fftfreq(SIDE, 1 / SIDE), np.arange(SIDE // 2 + 1), indexing="ij")
_KEPT = (np.hypot(*_ALL) >= BAND[0]) & (np.hypot(*_ALL) <= BAND[1])
_KEPT &= (_ALL[1] > 0) | (_ALL[0] > 0)  # the other half is its conjugate
_VERTICAL, _HORIZONTAL = (axis[_KEPT].astype(int) for axis in _ALL)
# one grey level of noise, below which the phase is unknown
_NOISE = float(np.sqrt(np.square(_WINDOW).sum()))
_OFFSETS = np.arange(-REACH, REACH + STEP / 2, STEP)
_RAMPS = [
    np.exp(-2j * np.pi * (_VERTICAL * down + _HORIZONTAL * right) / SIDE).astype(np.complex64)
    for down in _OFFSETS
    for right in _OFFSETS
]


@dataclasses.dataclass(frozen=True)
class Standing:
    """Similarity of each image to others, on Fisher's scale (atanh)."""

    usual: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    def limit(self, spreads: float) -> npt.NDArray[np.float64]:
        """Return the similarity above which another image stands out, [n]."""
        limit = np.tanh(self.usual + spreads * self.spread)
        return np.where(np.isnan(limit), HIGHEST, np.clip(limit, LEAST, HIGHEST))

    def promising(self) -> npt.NDArray[np.float64]:
        """Return the coarse similarity from which a pair is examined again, [n]."""
        return np.nan_to_num(np.tanh(self.usual + PROMISING * self.spread), nan=-1)


def thumbnail(picture: npt.NDArray[np.uint8]) -> Thumbnails:
    """Return an image [height, width, channels] as [SIDE, SIDE, channels]."""
    return resize(picture, SIDE, cv2.INTER_AREA)


def find(thumbnails: Thumbnails, side: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Find pairs of images that show, or may show, the same thing.

    Thumbnails are [n, SIDE, SIDE, channels]; images with the same `side` [n] are not compared.
    Memory grows with the number of images, time with that of pairs: on one core 9 s for
    7 million pairs in grey, 44 s for 12 million in three colours.

    Returns `first`, `second` (rows), `turn` (that makes the second look like the first),
    `similarity` (at most 1) and `limit`, the most similar first. Pairs show the same from the
    limit on (`SAME`); below it they are `DOUBTFUL`.
    """
    if (thumbnails == thumbnails[..., :1]).all():
        thumbnails = thumbnails[..., :1]
    vectors = _vectors(_spectra(thumbnails))
    standing = _standing(thumbnails, vectors)
    same, doubtful = standing.limit(SAME), standing.limit(DOUBTFUL)
    found = []
    for first, second, turn in _promising(thumbnails, vectors, standing.promising(), side):
        similarity = _closest(thumbnails, first, second, turn)
        rows = pd.DataFrame(
            {
                "first": first,
                "second": second,
                "turn": np.array(TURNS, dtype=object)[turn],
                "similarity": similarity,
                "limit": np.maximum(same[first], same[second]),
            }
        )
        found.append(rows[similarity >= np.maximum(doubtful[first], doubtful[second])])
    columns = ["first", "second", "turn", "similarity", "limit"]
    pairs = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    order = ["similarity", "first", "second"]
    return pairs.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _spectra(thumbnails: Thumbnails) -> Spectra:
    """Return the phases of the frequencies in the band, [n, colours, frequencies], of norm 1."""
    light = thumbnails.astype(np.float32).transpose(0, 3, 1, 2)
    mean = (light * _WINDOW).sum((2, 3), keepdims=True) / _WINDOW.sum()
    spectra = scipy.fft.rfft2((light - mean) * _WINDOW)[:, :, _KEPT]
    spectra /= np.abs(spectra) + _NOISE
    norm = np.sqrt(np.square(np.abs(spectra)).sum((1, 2), keepdims=True))
    return (spectra / np.maximum(norm, 1e-6)).astype(np.complex64)


def _vectors(spectra: Spectra) -> Vectors:
    """Return spectra as real vectors, [n, d], whose product is the correlation without shift."""
    both = np.concatenate([spectra.real, spectra.imag], axis=-1)
    return both.reshape(len(both), both.shape[1] * both.shape[2])


def _turned(thumbnails: Thumbnails, turn: int) -> Thumbnails:
    flipped = thumbnails[:, :, ::-1] if turn >= 4 else thumbnails
    return np.rot90(flipped, turn % 4, (1, 2))


def _variants(thumbnails: Thumbnails) -> list[list[Vectors]]:
    """Return the vectors of every turn and shift, each [d, n]."""
    turns = [_spectra(_turned(thumbnails, turn)) for turn in range(len(TURNS))]
    return [
        [np.ascontiguousarray(_vectors(spectra * ramp).T) for ramp in _RAMPS] for spectra in turns
    ]


def _coarse(
    vectors: Vectors, variants: list[list[Vectors]]
) -> tuple[Vectors, npt.NDArray[np.int8]]:
    """Return the highest similarity of every pair over all variants, and its turn."""
    shape = (len(vectors), variants[0][0].shape[1])
    best, turn = np.full(shape, -1, np.float32), np.zeros(shape, np.int8)
    of_turn, of_variant = np.empty_like(best), np.empty_like(best)
    for number, displaced in enumerate(variants):
        of_turn.fill(-1)
        for variant in displaced:
            np.matmul(vectors, variant, out=of_variant)
            np.maximum(of_turn, of_variant, out=of_turn)
        better = of_turn > best
        best[better], turn[better] = of_turn[better], number
    return best, turn


def _standing(thumbnails: Thumbnails, vectors: Vectors) -> Standing:
    """Compare every image with an evenly spaced sample of all."""
    n = len(thumbnails)
    if n <= FEW:
        return Standing(np.full(n, np.nan), np.full(n, np.nan))
    sample = np.unique(np.linspace(0, n - 1, SAMPLE).astype(int))
    likeness = np.empty((n, len(sample)), np.float32)
    for start in range(0, len(sample), COLUMNS):
        columns = slice(start, start + COLUMNS)
        variants = _variants(thumbnails[sample[columns]])
        for row in range(0, n, ROWS):
            likeness[row : row + ROWS, columns] = _coarse(vectors[row : row + ROWS], variants)[0]
    likeness[sample, np.arange(len(sample))] = np.nan  # itself
    usual, high = np.empty(n), np.empty(n)
    for row in range(0, n, ROWS):
        fisher = np.arctanh(np.clip(likeness[row : row + ROWS], -0.9999, 0.9999))
        block = slice(row, row + ROWS)
        usual[block], high[block] = np.nanquantile(fisher, [0.5, 0.95], axis=1)
    return Standing(usual, (high - usual) / 1.645)


def _promising(
    thumbnails: Thumbnails,
    vectors: Vectors,
    cut: npt.NDArray[np.float64],
    side: npt.NDArray[np.intp],
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.int8]]]:
    """Yield rows, rows and turns of pairs to examine again, block by block."""
    order = np.argsort(side, kind="stable")
    ordered, vectors, cut = side[order], vectors[order], cut[order]
    last = np.searchsorted(ordered, ordered, side="right")
    for start in range(0, len(order), COLUMNS):
        columns = np.arange(start, min(start + COLUMNS, len(order)))
        variants = None
        for row in range(0, columns[-1] + 1, ROWS):
            rows = np.arange(row, min(row + ROWS, len(order)))
            if last[row] > columns[-1]:  # all of one side
                continue
            variants = variants or _variants(thumbnails[order[columns]])
            likeness, turn = _coarse(vectors[rows], variants)
            counts = rows[:, None] < columns
            counts &= ordered[rows, None] != ordered[columns]
            counts &= likeness >= np.maximum(cut[rows, None], cut[columns])
            first, second = np.nonzero(counts)
            if len(first):
                yield order[rows[first]], order[columns[second]], turn[first, second]


def _closest(
    thumbnails: Thumbnails,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    turn: npt.NDArray[np.int8],
) -> npt.NDArray[np.float64]:
    """Return the similarity of pairs at the best shift, to a fraction of a pixel."""
    side, reach = SIDE * FINER, (REACH + 1) * FINER
    similarity = np.empty(len(first))
    centre = _HORIZONTAL == 0
    for number in np.unique(turn):
        pairs = np.flatnonzero(turn == number)
        for rows in np.array_split(pairs, -(-len(pairs) // ROWS)):
            seconds = _spectra(_turned(thumbnails[second[rows]], number))
            product = (_spectra(thumbnails[first[rows]]) * seconds.conj()).sum(axis=1)
            full = np.zeros((len(rows), side, side // 2 + 1), np.complex64)
            full[:, _VERTICAL, _HORIZONTAL] = product
            full[:, -_VERTICAL[centre], 0] = product[:, centre].conj()
            surface = scipy.fft.irfft2(full, s=(side, side), norm="forward") / 2
            near = np.r_[-reach : reach + 1]
            similarity[rows] = surface[:, near[:, None], near].max(axis=(1, 2))
    return similarity
