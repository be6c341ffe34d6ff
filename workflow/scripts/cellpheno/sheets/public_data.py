"""Recognise what public data sets bring along: masks next to images, and splits.

Splits are folders such as `train` and `test`, or lists of names such as those of Pascal VOC.
"""

import collections
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cellpheno.core import text_tables
from cellpheno.core.errors import StudyError
from cellpheno.sheets import schemes

MASK_FOLDERS = {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "gt", "groundtruth"),
    *("ground_truth", "segmentation", "segmentations"),
}
"""Lower-case names of folders that may hold masks."""
MASK_ENDINGS = ("_mask", "_masks", "_label", "_labels", "_gt", "_seg")
SPLITS = {
    **dict.fromkeys(["train", "training"], "train"),
    **dict.fromkeys(["val", "valid", "validation"], "val"),
    **dict.fromkeys(["test", "testing"], "test"),
    "trainval": "trainval",
}
"""Lower-case names of folders and lists, and the split that they mean."""
LEARNING = ("train", "trainval")
[_PICTURE] = schemes.PLAIN.compiled()
VALIDATION_PARTS = 5
"""One of so many groups to train on becomes val where a data set has no such split."""


def masks(files: Sequence[str]) -> dict[str, list[str]]:
    """Return the masks among the files, by their folder.

    A folder named as masks are holds masks if each of its pictures has the name of a picture
    outside of such folders, with or without an ending such as `_mask`.
    """
    named, images = collections.defaultdict(list), set()
    for path in filter(_PICTURE.fullmatch, files):
        folder = PurePosixPath(path).parent
        if MASK_FOLDERS.isdisjoint(part.lower() for part in folder.parts):
            images.add(_stem(path))
        else:
            named[str(folder)].append(path)
    return {
        folder: paths
        for folder, paths in named.items()
        if all({stem, _without_ending(stem)} & images for stem in map(_stem, paths))
    }


def by_folder(paths: pd.Series) -> pd.Series:
    """Return the split that the folder of each file names, "" if none.

    All are "" unless one folder is to train on and another is not: a condition may be `test`.
    """
    found = paths.map(lambda path: next(_splits(PurePosixPath(path).parent), ""))
    names = set(found) - {""}
    divides = len(names) > 1 and not names.isdisjoint(LEARNING)
    return found if divides else found.mask(found != "", "")


def by_lists(files: Sequence[str], root: Path, paths: pd.Series) -> tuple[pd.Series, str]:
    """Return the split that lists of names give each file, "" if none, and the folder of the lists.

    Of several folders with lists, the one that names most files counts.

    Raises a StudyError for a file that two of its lists name, unless one is `trainval`.
    """
    folders: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for name in files:
        path = PurePosixPath(name)
        if path.suffix.lower() == ".txt" and path.stem.lower() in SPLITS:
            folders[str(path.parent)][name] = SPLITS[path.stem.lower()]
    known = _endings(paths)
    best, where = pd.Series("", paths.index), ""
    for folder, lists in folders.items():
        found = _listed(root, lists, known).reindex(paths.index, fill_value="")
        if not set(found).isdisjoint(LEARNING) and (found != "").sum() > (best != "").sum():
            best, where = found, folder
    return best, where


def with_validation(splits: pd.Series, groups: pd.Series) -> tuple[pd.Series, int]:
    """Return the splits with val, and how many files were moved there because there was none.

    Files to train or validate on (`trainval`) are otherwise to train on. Groups are moved as a
    whole, by a hash of their name.
    """
    learning = splits.isin(LEARNING)
    splits = splits.mask(splits == "trainval", "train")
    names = sorted(groups[learning].unique(), key=_hash)
    if (splits == "val").any() or len(names) < 2:
        return splits, 0
    chosen = learning & groups.isin(names[: -(-len(names) // VALIDATION_PARTS)])
    return splits.mask(chosen, "val"), int(chosen.sum())


def _listed(root: Path, lists: Mapping[str, str], known: Mapping[str, set[Any]]) -> pd.Series:
    """Return the splits of the rows that lists name, which map to their split."""
    source: dict[int, str] = {}
    for name in sorted(lists, key=lambda name: lists[name] == "trainval"):
        for line in text_tables.text(root / name, name).splitlines():
            rows = known.get(_name(line), set())
            row = next(iter(rows)) if len(rows) == 1 else None
            if row is None or (row in source and lists[name] == "trainval"):
                continue
            if lists[source.setdefault(row, name)] != lists[name]:
                raise StudyError(
                    f"The split lists {source[row]} and {name} both name {line.strip()!r}; leave "
                    "it in one, or give a pattern, which takes no lists."
                )
    return pd.Series({row: lists[name] for row, name in source.items()}, dtype=str)


def _splits(folder: PurePosixPath) -> Iterator[str]:
    for part in folder.parts:
        if part.lower() in SPLITS:
            yield SPLITS[part.lower()]


def _endings(paths: pd.Series) -> dict[str, set[Any]]:
    """Return the rows of each name and path that a list may call a file by, without suffix."""
    known: dict[str, set[Any]] = collections.defaultdict(set)
    for row, path in paths.items():
        parts = _name(path).split("/")
        for start in range(len(parts)):
            known["/".join(parts[start:])].add(row)
    return known


def _name(text: str) -> str:
    """Return a file's name or path as lists compare it: without the suffix of a picture."""
    text = text.strip().replace("\\", "/").removeprefix("./")
    fit = _PICTURE.fullmatch(text)
    return fit["field"] if fit else text


def _stem(path: str) -> str:
    return _name(path).rpartition("/")[2]


def _without_ending(stem: str) -> str:
    ending = next((ending for ending in MASK_ENDINGS if stem.lower().endswith(ending)), "")
    return stem[: len(stem) - len(ending)]


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
