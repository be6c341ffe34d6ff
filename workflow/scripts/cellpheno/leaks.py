"""The leak gate: nothing that is learned from may be there again in what is measured on.

Copies to the byte and fields of one group are kept together by the splits. This finds what they
cannot know of: pictures of fields or of cells that show the same thing, and one cell seen at
several times.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno import likeness, splits, tracks
from cellpheno.classification.crops import Geometry, cut
from cellpheno.errors import StudyError
from cellpheno.images import store
from cellpheno.images.quality import OK
from cellpheno.tables import BOX_COLUMNS

Pictures = tuple[npt.NDArray[np.object_], likeness.Thumbnails]
"""Field and thumbnail of each picture."""

CELL = Geometry(margin=0.16, border=0.12, size=3 * likeness.SIDE)
TRACKED, IMAGE, CELLS = "tracked", "near-duplicate image", "near-duplicate cell"
SHOWN = 5
"""Pairs that a refusal names."""

logger = logging.getLogger(__name__)


def learning(fields: pd.DataFrame, annotated: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of fields that may come to train, val or test, sorted by field."""
    given = fields["split"].fillna("")
    chosen = fields["field"].isin(annotated["field"]) | given.isin(splits.LEARNING)
    chosen &= (fields["verdict"] == OK) & (given != splits.PREDICT)
    return fields[chosen].sort_values("field", ignore_index=True)


def whole_fields(shards: Iterable[str | Path], names: Iterable[str]) -> Pictures:
    """Return the thumbnails of some fields, one field in memory at a time."""
    wanted = set(names)
    small = {
        field: likeness.thumbnail(image)
        for shard in shards
        for field, image in store.read(shard, wanted)
    }
    order = sorted(small)
    return np.array(order, dtype=object), thumbnails(small[field] for field in order)


def cells(shards: Iterable[str | Path], boxes: pd.DataFrame) -> Pictures:
    """Return the thumbnails of annotated cells, one field in memory at a time."""
    small, names = [], []
    rows = boxes.groupby("field").indices
    outlines = boxes[BOX_COLUMNS].to_numpy(np.float64)
    for shard in shards:
        for field, image in store.read(shard, rows):
            small.append(thumbnails(cut(image, outlines[rows[field]], CELL)))
            names += [field] * len(small[-1])
    return np.array(names, dtype=object), np.concatenate([thumbnails([]), *small])


def thumbnails(pictures: Iterable[npt.NDArray[np.uint8]]) -> likeness.Thumbnails:
    """Return the thumbnails of pictures, [n, side, side, channels]."""
    small = [likeness.thumbnail(picture) for picture in pictures]
    channels = small[0].shape[-1] if small else 3
    return np.array(small, np.uint8).reshape(-1, likeness.SIDE, likeness.SIDE, channels)


def between_fields(
    fields: pd.DataFrame,
    images: Pictures,
    of_cells: Pictures | None,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """Find fields that show the same though neither group nor bytes say so.

    Parameters
    ----------
    fields
        As `learning` gives them.
    images
        Thumbnails of these fields.
    of_cells
        Thumbnails of their annotated cells. They are given where fields that share a cell are to
        be kept together; then what looks doubtful counts too, for that does no harm.
    settings
        The config's section `splits`.

    Returns
    -------
    DataFrame
        tables.LEAKS without the splits.
    """
    spreads = likeness.SAME if of_cells is None else likeness.DOUBTFUL
    block = pd.Series(splits.blocks(fields, [settings["by"], "content"]), index=fields["field"])
    kinds = {IMAGE: images} | ({} if of_cells is None else {CELLS: of_cells})
    found = []
    for kind, (names, small) in kinds.items():
        pairs = likeness.find(small, block[names].to_numpy(), spreads)
        found.append(_named(pairs, names, kind))
    rows = tracks.neighbours(fields, settings["track_frames"], settings["track_distance"])
    apart = rows[block.to_numpy()[rows[:, 0]] != block.to_numpy()[rows[:, 1]]]
    tracked = pd.DataFrame(apart, columns=["first", "second"])
    tracked = tracked.assign(turn="as it is", similarity=np.nan, limit=np.nan)
    found.append(_named(tracked, fields["field"].to_numpy(dtype=object), TRACKED))
    return pd.concat(found, ignore_index=True)


def between_crops(
    crops: npt.NDArray[np.uint8], table: pd.DataFrame, sides: pd.Series
) -> pd.DataFrame:
    """Find crops of different sides that show the same cell.

    Parameters
    ----------
    crops
        [n, size, size, 3]; an array on disk is read crop by crop.
    table
        The crops table, its rows in the order of `crops`.
    sides
        [n] what must have nothing in common.

    Returns
    -------
    DataFrame
        tables.LEAKS; a crop is named by its field and box.
    """
    boxes = table[BOX_COLUMNS].round().astype(int).astype(str).agg(", ".join, axis=1)
    names = (table["field"] + " (" + boxes + ")").to_numpy(dtype=object)
    pairs = likeness.find(thumbnails(crops), pd.factorize(sides)[0], likeness.SAME)
    split = table["split"].to_numpy(dtype=object)
    of_pairs = {f"{end}_split": split[pairs[end].to_numpy(int)] for end in ("first", "second")}
    return _named(pairs, names, CELLS).assign(**of_pairs)


def with_splits(pairs: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of fields with the splits they came to, those that leak first."""
    split = result.set_index("field")["split"]
    pairs = pairs.assign(
        first_split=pairs["first"].map(split), second_split=pairs["second"].map(split)
    )
    leaks = pairs["first_split"] != pairs["second_split"]
    return pd.concat([pairs[leaks], pairs[~leaks]], ignore_index=True)


def judge(pairs: pd.DataFrame, what: str, mode: str, where: str) -> None:
    """Refuse pairs that are in different splits, or only report them.

    Parameters
    ----------
    pairs
        tables.LEAKS.
    what
        Plural noun for the sentence: fields, or cells.
    mode
        `splits.near_duplicates`.
    where
        The file that lists all pairs.

    Raises
    ------
    StudyError
        Unless the mode is `allow`; names the first pairs and says what to do.
    """
    leaks = pairs[pairs["first_split"] != pairs["second_split"]]
    if leaks.empty:
        return
    shown = pd.concat([of_kind.head(SHOWN) for _, of_kind in leaks.groupby("kind", sort=False)])
    named = "; ".join(_in_words(row) for row in shown.to_dict("records"))
    message = f"{len(leaks)} pairs of {what} that show the same are in different splits: {named}."
    if mode == "allow":
        logger.warning("%s They are allowed by splits.near_duplicates.", message)
        return
    remedy = (
        "set splits.near_duplicates to keep_together"
        if mode == "refuse"
        else "leave one of the two out, for the pairs were found only after the splits were made"
    )
    raise StudyError(
        f"{message} {where} lists them all. Give the fields of a pair one value in the column of "
        f"splits.by, or {remedy}; splits.near_duplicates: allow only reports them."
    )


def _named(pairs: pd.DataFrame, names: npt.NDArray[np.object_], kind: str) -> pd.DataFrame:
    """Return pairs of rows as pairs of names."""
    ends = {end: names[pairs[end].to_numpy(int)] for end in ("first", "second")}
    return pairs.assign(**ends, kind=kind)


def _in_words(pair: Mapping[str, Any]) -> str:
    alike = "" if pair["kind"] == TRACKED else f", {pair['turn']}, {pair['similarity']:.2f} alike"
    return (
        f"{pair['first']} in {pair['first_split']} and {pair['second']} in "
        f"{pair['second_split']} ({pair['kind']}{alike})"
    )
