"""Choose, order, flip and turn the crops of a training."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import derive, generator
from cellpheno.networks.prefetch import send

Crops = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

VALIDATION_SHARE = 0.2
"""Share of the cells that `validation: cells` holds out (A8)."""


def divide(splits: pd.Series, validation: str, seed: int) -> tuple[Integers, Integers]:
    """Return the rows for training and for validation, given each crop's split [n].

    `fields`: `train` and `val`. `cells`: a random fifth of the cells of both validates, so that
    cells of one field are in both, as published (A8).
    """
    train = np.flatnonzero(splits == "train")
    val = np.flatnonzero(splits == "val")
    if validation == "fields":
        return train, val
    cells = generator(seed, "validation cells").permutation(np.sort(np.concatenate([train, val])))
    held_out = round(VALIDATION_SHARE * len(cells))
    return np.sort(cells[held_out:]), np.sort(cells[:held_out])


def check_classes(
    labels: pd.Series, train: Integers, classes: list[str], may_lack: Sequence[str] = ()
) -> None:
    """Refuse classes that cannot be learned although cells of them are annotated.

    A class without annotated cells is allowed, because no measurement depends on it; so are those
    of `may_lack`, because a chosen part of the training cells need not have any.

    Raises
    ------
    StudyError
        When a class has crops but none to train on, or fewer than two crops are left.
    """
    if not len(train):
        raise StudyError(
            "There are no crops to train the classifier on: no detected cell of the split `train` "
            "matches an annotated one; look at metrics/detection.tsv, or set "
            "classification/crops/source to annotations."
        )
    if len(train) == 1:
        raise StudyError(
            "There is only one crop to train the classifier on; annotate more cells, "
            "or look at metrics/detection.tsv for annotated cells that were not detected."
        )
    for name in classes:
        known, learned = int((labels == name).sum()), int((labels.iloc[train] == name).sum())
        if known and not learned and name not in may_lack:
            raise StudyError(
                f"None of the {known} crops of the class {name!r} can be trained on; annotate "
                "it in further fields, change the splits, look at metrics/detection.tsv for cells "
                "that were not detected, or leave the class out of classes and name it in "
                "annotations.ignore."
            )
        if not learned:
            notices.warn(
                f"The class {name!r} has no cell to train on and cannot be learned; see "
                "annotations/counts.tsv."
            )


def channel_statistics(crops: Crops, rows: Integers) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel on the scale from 0 to 1 (A29)."""
    channels = crops.shape[3]
    total, squares, pixels = np.zeros(channels), np.zeros(channels), 0
    for row in rows:
        values = crops[row].reshape(-1, channels).astype(np.int64)
        total += values.sum(axis=0)
        squares += (values**2).sum(axis=0)
        pixels += len(values)
    mean = total / pixels / 255
    variance = np.maximum(squares / pixels / 255**2 - mean**2, 0)
    return mean.tolist(), np.maximum(np.sqrt(variance), 1e-3).tolist()


def draw(labels: Integers, balance: bool, seed: int, epoch: int) -> Integers:
    """Return the order in which an epoch visits the training crops of the classes `labels` [n].

    With `balance`, draw with replacement, each class equally often (L17); else each crop once.
    """
    random = generator(seed, "order", epoch)
    if not balance:
        return random.permutation(len(labels))
    chance = 1.0 / np.bincount(labels)[labels]
    return random.choice(len(labels), size=len(labels), p=chance / chance.sum())


def draw_enough(labels: Integers, balance: bool, seed: int, epoch: int, needed: int) -> Integers:
    """Return the first crops of as many passes (see `draw`) as it takes to have enough."""
    passes = [draw(labels, balance, seed, epoch)]
    while sum(map(len, passes)) < needed:
        passes.append(draw(labels, balance, derive(seed, "pass", len(passes)), epoch))
    return np.concatenate(passes)[:needed]


def augment(images: torch.Tensor, flips: bool, quarter_turns: bool) -> torch.Tensor:
    """Flip and turn each image of a batch [N, C, S, S] at random, on the device of the images.

    Each axis is flipped with probability 1/2 (A31); turns are by 0, 90, 180 or 270 degrees.
    """
    n = len(images)
    # chosen on the CPU, so that every device draws the same
    if flips:
        for axis in (2, 3):
            flipped = send(torch.rand(n) < 0.5, images.device).view(n, 1, 1, 1)
            images = torch.where(flipped, images.flip(axis), images)
    if quarter_turns:
        turns = send(torch.randint(4, (n,)), images.device).view(n, 1, 1, 1)
        turned = images
        for number in (1, 2, 3):
            turned = torch.where(turns == number, images.rot90(number, (2, 3)), turned)
        images = turned
    return images
