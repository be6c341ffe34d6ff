"""Pictures of the same thing are found, look-alikes are not."""

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellpheno.splits import near_duplicates

SIZE = 96
REAL_DATA = Path(os.environ.get("CELLPHENO_REAL_DATA", "none"))


def cell(seed: int, colours: int = 3) -> np.ndarray:
    """A round cell with a texture of its own."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    radius = np.hypot((y - 48) / random.uniform(0.8, 1.2), x - 48)
    body = 200 / (1 + np.exp((radius - random.uniform(26, 36)) / 3))
    texture = cv2.GaussianBlur(random.normal(size=(SIZE, SIZE, colours)), (0, 0), 4)
    texture = texture.reshape(SIZE, SIZE, colours) / texture.std()
    light = body[..., None] * (0.7 + 0.12 * texture) + random.normal(20, 4, texture.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def study(n: int = 150) -> list[np.ndarray]:
    return [cell(seed) for seed in range(n)]


def find(pictures: list[np.ndarray], side=None):
    small = np.stack([near_duplicates.thumbnail(picture) for picture in pictures])
    side = np.arange(len(pictures)) if side is None else np.asarray(side)
    pairs = near_duplicates.find(small, side)
    return pairs[pairs["similarity"] >= pairs["limit"]]


def names(pairs) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in zip(pairs["first"], pairs["second"], strict=True)}


def jpeg(picture: np.ndarray) -> np.ndarray:
    done, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert done
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


CHANGES = {
    "re-encoded": jpeg,
    "darker": lambda picture: (picture * 0.5 + 20).astype(np.uint8),
    "gamma": lambda picture: (255 * (picture / 255) ** 0.7).astype(np.uint8),
    "displaced by 3 px": lambda picture: np.roll(picture, (3, -2), (0, 1)),
    "at half resolution": lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5),
    "blurred": lambda picture: cv2.GaussianBlur(picture, (0, 0), 1.5),
}


def test_different_cells_are_not_taken_for_one():
    assert find(study()).empty


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("turn", [0, 3, 6])
def test_a_changed_and_turned_copy_is_found(change, turn):
    pictures = study()
    copy = np.rot90(pictures[7][:, ::-1] if turn >= 4 else pictures[7], turn % 4)
    assert names(find([*pictures, CHANGES[change](np.ascontiguousarray(copy))])) == {
        frozenset({7, len(pictures)})
    }


@pytest.mark.parametrize("turn", range(8))
def test_the_turn_that_makes_the_second_look_like_the_first_is_named(turn):
    pictures = study(40)
    first = pictures[5]
    # turning the second by `turn` gives the first
    undone = np.rot90(first, -(turn % 4))
    copy = undone[:, ::-1] if turn >= 4 else undone
    [pair] = find([*pictures, np.ascontiguousarray(copy)]).to_dict("records")
    assert (pair["first"], pair["second"]) == (5, 40)
    assert pair["turn"] == near_duplicates.TURNS[turn]
    assert pair["similarity"] == pytest.approx(1, abs=1e-3)


def test_pictures_of_one_side_are_not_compared():
    pictures = study(60)
    copies = [*pictures, pictures[3], pictures[4]]
    side = [0] * 60 + [0, 1]
    assert names(find(copies, side=side)) == {frozenset({4, 61})}


def test_pairs_do_not_depend_on_how_many_are_compared_at_a_time(monkeypatch):
    pictures = [*study(90), *(np.ascontiguousarray(cell(seed)[::-1]) for seed in range(10))]
    expected = find(pictures)
    monkeypatch.setattr(near_duplicates, "ROWS", 32)
    monkeypatch.setattr(near_duplicates, "COLUMNS", 16)
    assert names(find(pictures)) == names(expected)
    assert len(expected) == 10


def test_among_very_few_pictures_only_a_certain_likeness_counts():
    pictures = study(4)
    assert names(find([*pictures, np.ascontiguousarray(pictures[1][::-1])])) == {frozenset({1, 4})}
    assert find(pictures).empty


def test_a_doubtful_likeness_needs_to_stand_out_less():
    small = np.stack([near_duplicates.thumbnail(picture) for picture in study(60)])
    standing = near_duplicates._standing(
        small, near_duplicates._vectors(near_duplicates._spectra(small))
    )
    assert (standing.limit(near_duplicates.DOUBTFUL) <= standing.limit(near_duplicates.SAME)).all()
    assert (standing.limit(near_duplicates.DOUBTFUL) < standing.limit(near_duplicates.SAME)).any()


def test_pictures_without_anything_in_them_are_no_pair():
    empty = [np.full((40, 40, 3), level, np.uint8) for level in (0, 0, 128)]
    assert find([*study(30), *empty]).empty


@pytest.mark.parametrize("n", [0, 1])
def test_no_pair_without_two_pictures(n):
    small = np.zeros((n, near_duplicates.SIDE, near_duplicates.SIDE, 3), np.uint8)
    pairs = near_duplicates.find(small, np.arange(n))
    assert pairs.empty
    assert list(pairs.columns) == ["first", "second", "turn", "similarity", "limit"]


def spot(seed: int) -> np.ndarray:
    """A compact bright nucleus without texture, on black: hardly different from others."""
    random = np.random.default_rng(seed)
    angle = np.arctan2(*(np.mgrid[:SIZE, :SIZE] - 48))
    radius = np.hypot(*(np.mgrid[:SIZE, :SIZE] - 48)) / 17
    outline = 1 + sum(
        random.normal(0, 0.05) * np.cos(waves * angle + random.uniform(0, 6)) for waves in (1, 2, 3)
    )
    light = 255 / (1 + np.exp(6 * (radius / outline - 1))) + random.normal(0, 1, radius.shape)
    return np.clip(light, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def test_compact_nuclei_that_are_as_alike_as_copies_are_not_taken_for_one():
    spots = [spot(seed) for seed in range(60)]
    small = np.stack([near_duplicates.thumbnail(picture) for picture in spots])
    first, second = np.triu_indices(len(spots), 1)
    turns = [np.full(len(first), turn, np.int8) for turn in range(8)]
    assert max(near_duplicates._closest(small, first, second, turn).max() for turn in turns) > 0.99
    assert find(spots).empty
    copy = CHANGES["darker"](spots[7][:, ::-1])
    assert names(find([*spots, copy])) == {frozenset({7, 60})}


@pytest.mark.real_data
def test_hard_nuclei_of_other_positions_are_not_taken_for_one_and_their_copies_are():
    folder = REAL_DATA / "h2b_crops"
    if not folder.is_dir():
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    index = pd.read_csv(folder / "index.csv").sort_values("file", ignore_index=True)
    index = index[index["flip"].isna()].reset_index(drop=True)
    h2b = [cv2.imread(str(folder / file))[..., 2:] for file in index["file"]]
    grey = [np.repeat(picture, 3, 2) for picture in h2b]
    hardest = np.flatnonzero((index["class"] == "apo") & (index["position"] == "P0046"))
    copies = [jpeg(np.ascontiguousarray(grey[row][:, ::-1])) for row in hardest]
    positions = pd.factorize(index["position"])[0]
    found = names(find([*grey, *copies], side=[*positions, *[9] * len(copies)]))
    n = len(grey)
    assert not {pair for pair in found if max(pair) < n}
    there = {frozenset({row, n + number}) for number, row in enumerate(hardest)}
    assert len(found & there) > 0.95 * len(there)
