"""What tests of detectors share: tiles and fields with cells, short trainings, what was found."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from cellpheno.core import boxes as geometry
from cellpheno.detection import training
from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.coco import TileSet
from cellpheno.networks.training import Checkpoint
from cellpheno.study.inputs import COLOURS

CPU = torch.device("cpu")
SETTINGS = training.Settings(
    steps=4,
    batch_size=2,
    optimizer="adamw",
    learning_rate=0.001,
    weight_decay=0.0001,
    schedule="cosine",
    warmup=2,
    milestones=(),
    scales=(0.8, 1.2),
    quarter_turns=True,
    flips="both",
    max_gradient_norm=5.0,
)
LEARNS_TO_FIND_ROUND_CELLS = dataclasses.replace(
    SETTINGS, steps=120, batch_size=4, warmup=20, scales=(0.9, 1.1), quarter_turns=False
)
SIDE = 40
DENSE = (1080, 1280)
N_CELLS = 600


def tile_set(*cell_counts, size=64):
    """Return tiles with bright squares of 20 px as cells."""
    images, boxes = [], []
    for number, cells in enumerate(cell_counts):
        image = np.random.default_rng(number).integers(0, 60, (size, size, 3), dtype=np.uint8)
        corners = [(4 + 30 * (n % 2), 4 + 30 * (n // 2)) for n in range(cells)]
        for x, y in corners:
            image[y : y + 20, x : x + 20] = 230
        images.append(image)
        rows = [(x, y, x + 20, y + 20) for x, y in corners]
        boxes.append(np.array(rows, dtype=np.float32).reshape(-1, 4))
    return TileSet([str(n) for n in range(len(images))], images, boxes)


def field_with_cells(n_cells, height, width, seed):
    """Return a noisy field with round cells on a jittered grid, and their boxes."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 60, (height, width, 3), dtype=np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    disk = np.hypot(x, y) < SIDE / 2
    places = [(r, c) for r in range(0, height - 44, 44) for c in range(0, width - 44, 44)]
    chosen = random.choice(len(places), n_cells, replace=False)
    boxes = []
    for row, column in (places[number] for number in sorted(chosen)):
        top, left = row + random.integers(0, 5), column + random.integers(0, 5)
        image[top : top + SIDE, left : left + SIDE][disk] += np.uint8(random.integers(90, 190))
        boxes.append((left, top, left + SIDE, top + SIDE))
    return image, np.array(boxes, dtype=np.float32).reshape(-1, 4)


def tiles(count):
    """Return tiles with up to nine round cells."""
    made = [field_with_cells(n % 10, 138, 138, seed=n) for n in range(count)]
    return TileSet([str(n) for n in range(count)], [m[0] for m in made], [m[1] for m in made])


def dense_field():
    """Return a field with as many cells as published ones have (A3), and their boxes."""
    return field_with_cells(N_CELLS, *DENSE, seed=99)


def recall(boxes, scores, annotated):
    """Return the share of annotated cells that were found at IoU 0.5."""
    matched = geometry.match(
        boxes.numpy().astype(np.float64), scores.numpy(), annotated.astype(np.float64), 0.5
    )
    return (matched >= 0).sum() / len(annotated)


def check_proposals(detector, argument):
    """Check that as many and as unsure proposals reach the second stage as the limits ask for.

    They are the `argument`th of what the second stage is given.
    """
    reached, image = [], torch.rand(3, 96, 128)
    for asked in (
        {"min_objectness": 0.0},
        {"min_objectness": 0.0, "proposals_after_nms": 7},
        {"min_objectness": 0.0, "proposals_before_nms": 2},
        {"min_objectness": 1.0},
    ):
        with detector.network.roi_heads.register_forward_pre_hook(
            lambda _, given: reached.append(len(given[argument][0]))
        ):
            detector.detect(image, Limits(0.0, 0.5, 1000, **asked))
    every, after, before, sure = reached
    assert every > 100
    assert after == 7
    assert before <= 2 * 4  # of each of four levels
    assert sure == 0


def train(learned, validation, model, settings, checkpoint, save_every=30.0):
    """Train a detector with the workflow's loop, and return it and its history."""
    return training.train(
        learned, validation, COLOURS, model, settings, 0, checkpoint, CPU, save_every=save_every
    )


def trained_with_and_without_a_kill(model, folder):
    """Check that a training killed in its last step gives the bits of one that was not.

    Returns the history.
    """
    given = tile_set(4, 2, 0)

    def trained(name):
        return train(given, given, model, SETTINGS, Checkpoint(folder, name), save_every=0)

    undisturbed, history = trained("undisturbed")
    step, calls = training._step, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == SETTINGS.steps:
            raise KeyboardInterrupt
        return step(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            trained("killed")
        resumed, history_again = trained("killed")
    assert len(calls) == 5  # 3 and the one killed, then the last from the checkpoint at step 3
    pd.testing.assert_frame_equal(history_again, history)
    weights, again = undisturbed.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(weights[key], again[key]) for key in weights)
    return history
