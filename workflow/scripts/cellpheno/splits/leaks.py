"""The leak gate finds images that appear in training and in evaluation.

The splits keep identical files and fields of one group together. This finds other images of
fields or cells that show the same thing, and cells seen at several times.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut
from cellpheno.images.quality.measures import OK
from cellpheno.splits import assign, near_duplicates, tracked_cells
from cellpheno.study import known_pairs
from cellpheno.tables.columns import BOX_COLUMNS

CELL = Geometry(margin=0.16, border=0.12, size=3 * near_duplicates.SIDE)
TRACKED, IMAGE, CELLS = "tracked", "near-duplicate image", "near-duplicate cell"
REFUSE, LEAVE_OUT = "refuse", "leave_out"
KEEP_TOGETHER, ALLOW = "keep_together", "allow"
SHOWN = 5
"""Pairs of a kind that a message names; the table has all of them."""


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Whole fields or cells to compare."""

    field: npt.NDArray[np.object_]
    box: npt.NDArray[np.object_]
    """Corners as text, empty for a whole field."""
    small: near_duplicates.Thumbnails


def learning(fields: pd.DataFrame, annotated: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of fields that may be in train, val or test, sorted by field."""
    given = fields["split"].fillna("")
    chosen = fields["field"].isin(annotated["field"]) | given.isin(assign.LEARNING)
    chosen &= (fields["verdict"] == OK) & (given != assign.PREDICT)
    return fields[chosen].sort_values("field", ignore_index=True)


def whole_fields(shards: Iterable[str | Path], names: Iterable[str]) -> Pictures:
    """Return the thumbnails of some fields, with one field in memory at a time."""
    wanted = set(names)
    small = {
        field: near_duplicates.thumbnail(image)
        for shard in shards
        for field, image in store.read(shard, wanted)
    }
    order = np.array(sorted(small), dtype=object)
    return Pictures(
        order, np.full(len(order), "", dtype=object), thumbnails(small[field] for field in order)
    )


def cells(shards: Iterable[str | Path], boxes: pd.DataFrame) -> Pictures:
    """Return the thumbnails of annotated cells, with one field in memory at a time."""
    small: list[near_duplicates.Thumbnails] = []
    order: list[int] = []
    rows = boxes.groupby("field").indices
    outlines = boxes[BOX_COLUMNS].to_numpy(np.float64)
    for shard in shards:
        for field, image in store.read(shard, rows):
            small.append(thumbnails(cut(image, outlines[rows[field]], CELL)))
            order += list(rows[field])
    shown = boxes.iloc[order]
    names = shown["field"].to_numpy(dtype=object)
    return Pictures(names, corners(shown), np.concatenate([thumbnails([]), *small]))


def corners(boxes: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return boxes as the text that identifies a cell in its field."""
    whole = boxes[BOX_COLUMNS].round().astype(int).astype(str)
    return np.array([", ".join(row) for row in whole.to_numpy()], dtype=object)


def thumbnails(pictures: Iterable[npt.NDArray[np.uint8]]) -> near_duplicates.Thumbnails:
    """Return the thumbnails of pictures, [n, side, side, channels]."""
    small = [near_duplicates.thumbnail(picture) for picture in pictures]
    channels = small[0].shape[-1] if small else 3
    return np.array(small, np.uint8).reshape(
        -1, near_duplicates.SIDE, near_duplicates.SIDE, channels
    )


def between_fields(
    fields: pd.DataFrame, pictures: Mapping[str, Pictures], settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Find fields that show, or may show, the same despite other groups and bytes.

    `fields` come from `learning`; `pictures` are those of the fields (`IMAGE`) and of their
    annotated cells (`CELLS`); `settings` is the config's section `splits`. Returns
    NEAR_DUPLICATES, without rows for cells of fields that are near-duplicates as a whole.
    """
    block = pd.Series(assign.blocks(fields, [settings["by"], "content"]), index=fields["field"])
    found = [
        _named(
            near_duplicates.find(those.small, block.loc[list(those.field)].to_numpy()), those, kind
        )
        for kind, those in pictures.items()
    ]
    rows = tracked_cells.neighbours(fields, settings["track_frames"], settings["track_distance"])
    apart = rows[block.to_numpy()[rows[:, 0]] != block.to_numpy()[rows[:, 1]]]
    tracked = pd.DataFrame(apart, columns=["first", "second"])
    tracked = tracked.assign(turn="as it is", similarity=np.nan, limit=np.nan)
    names = fields["field"].to_numpy(dtype=object)
    found.append(
        _named(
            tracked, Pictures(names, np.full(len(names), "", dtype=object), thumbnails([])), TRACKED
        )
    )
    pairs = pd.concat(found, ignore_index=True)
    fields_of = [frozenset(pair) for pair in zip(pairs["first"], pairs["second"], strict=True)]
    alike = {pair for pair, kind in zip(fields_of, pairs["kind"], strict=True) if kind == IMAGE}
    repeated = np.array([pair in alike for pair in fields_of], dtype=bool)
    return pairs[~repeated | (pairs["kind"] != CELLS).to_numpy()].reset_index(drop=True)


def between_crops(
    crops: npt.NDArray[np.uint8], table: pd.DataFrame, sides: pd.Series
) -> pd.DataFrame:
    """Find crops of different sides [n] that show, or may show, the same cell; return LEAKS.

    Crops are [n, size, size, 3], in the order of `table`; an array on disk is read one by one.
    """
    pictures = Pictures(table["field"].to_numpy(dtype=object), corners(table), thumbnails(crops))
    pairs = near_duplicates.find(pictures.small, pd.factorize(sides)[0])
    split = table["split"].to_numpy(dtype=object)
    of_pairs = {f"{end}_split": split[pairs[end].to_numpy(int)] for end in ("first", "second")}
    return _named(pairs, pictures, CELLS).assign(**of_pairs)


def counted(pairs: pd.DataFrame, mode: str, known: str | Path | None) -> pd.DataFrame:
    """Return the NEAR_DUPLICATES that count, without the known pairs of different things.

    With the `mode` `keep_together` of `splits.near_duplicates`, doubtful pairs count too, because
    keeping them together does no harm.
    """
    if known is not None:
        pairs = known_pairs.among(pairs, known_pairs.read(known))
        pairs = pairs[pairs["known"] == 0].drop(columns="known")
    same = pairs["similarity"].isna() | (pairs["similarity"] >= pairs["limit"])
    return pairs[same | (mode == KEEP_TOGETHER)].reset_index(drop=True)


def report_unfound(pairs: pd.DataFrame, path: str | Path) -> None:
    """Warn of known pairs that were not found, for example of redrawn boxes."""
    known = known_pairs.read(path)
    lines = known.index.difference(pd.Index(known_pairs.among(pairs, known)["known"]))
    if len(lines):
        notices.warn(
            f"{len(lines)} of {len(known)} pairs in {path} (splits.known_pairs) are not alike in "
            f"this study, the first in line {lines[0]}; their boxes may have been redrawn: copy "
            "them again from leaks.tsv, or delete them."
        )


def with_splits(pairs: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of fields with their splits, leaking pairs first."""
    split = result.set_index("field")["split"]
    pairs = pairs.assign(
        first_split=pairs["first"].map(split), second_split=pairs["second"].map(split)
    )
    leaks = leaking(pairs).index
    return pd.concat([pairs.loc[leaks], pairs.drop(leaks)], ignore_index=True)


def leaking(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of LEAKS with two different splits that networks learn or are measured on."""
    splits = pairs[["first_split", "second_split"]]
    learn = splits.isin(assign.LEARNING).all(axis=1)
    return pairs[learn & (splits["first_split"] != splits["second_split"])]


def judge(pairs: pd.DataFrame, what: str, mode: str, where: str) -> None:
    """Refuse LEAKS of different splits, or with the `mode` `allow` only warn of them.

    `what` are fields and cells, or patches; `where` are the files that list and show all pairs.

    Raises a StudyError that names the first pairs and says what to do.
    """
    leaks = leaking(pairs)
    if leaks.empty:
        return
    shown = pd.concat([of_kind.head(SHOWN) for _, of_kind in leaks.groupby("kind", sort=False)])
    named = "; ".join(_in_words(row) for row in shown.to_dict("records"))
    more = f"; and {len(leaks) - len(shown)} more" if len(leaks) > len(shown) else ""
    number = f"{len(leaks)} pairs" if len(leaks) > 1 else "1 pair"
    message = f"{number} of {what} that show the same in different splits: {named}{more}."
    if mode == ALLOW:
        notices.warn(f"{message} {where}; splits.near_duplicates allows them.")
        return
    together = (
        "give their fields the same split, for splits.lists or the column split fixes both"
        if mode == KEEP_TOGETHER
        else "set splits.near_duplicates to keep_together, give their fields one value in the "
        "column of splits.by"
    )
    if mode == LEAVE_OUT:
        message += " Too many fields would have to be left out."
    raise StudyError(
        f"{message} {where}. If they show the same, {together}, or leave one out; pairs that are "
        "different go into the file of splits.known_pairs, row by row as the table has them."
    )


def _named(pairs: pd.DataFrame, pictures: Pictures, kind: str) -> pd.DataFrame:
    """Return pairs of rows as pairs of fields and boxes."""
    rows = {end: pairs[end].to_numpy(int) for end in ("first", "second")}
    fields = {end: pictures.field[row] for end, row in rows.items()}
    boxes = {f"{end}_box": pictures.box[row] for end, row in rows.items()}
    return pairs.assign(**fields, **boxes, kind=kind)


def _in_words(pair: Mapping[Any, Any]) -> str:
    ends = [
        f"{pair[end]}{f' ({box})' if (box := pair[f'{end}_box']) else ''} in {pair[f'{end}_split']}"
        for end in ("first", "second")
    ]
    alike = "" if pair["kind"] == TRACKED else f", {pair['turn']}, {pair['similarity']:.3f} alike"
    return f"{' and '.join(ends)} ({pair['kind']}{alike})"
