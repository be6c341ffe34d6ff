"""A study of twelve tiny fields of real files, on which every rule of the workflow takes seconds.

Six fields are annotated, three untreated and three treated ones are not. Tests write the study,
spoil one thing in it, and run the workflow as a user would.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import yaml
from conftest import Study

SIDE = 80
"""Height and width of a field in px."""
SIDES = {"small": 16, "big": 26}
"""Diameter of the cells of each class in px."""

CONFIG = """
study: mini
fields: fields.tsv
data_root: data
channels: [cells]
composite: {red: cells, green: cells, blue: cells}
annotations: {format: via, files: [via.json]}
classes: [small, big]
negative_class: small
statistics: {control: untreated, exclude_conditions: [annotated], null_experiments: 0}
detection:
  model: {backbone: resnet18_small}
  training: {steps: 12, batch_size: 2, optimizer: adamw, learning_rate: 0.001}
classification:
  crops: {source: annotations, size: 32}
  model: {backbone: resnet18}
  training: {epochs: 2, batch_size: 8, optimizer: adamw}
calls: {min_score: 0.05}
tiles: {rows: 1, columns: 1}
label_errors: {enabled: false}
embedding: {perplexity: 5, neighbors: 5}
grad_cam: {per_class: 1}
compute: {threads: 1}
"""

Cell = tuple[str, float, float]
"""Class, and x and y of the upper left corner of the box in px."""


def cells_of(number: int) -> list[Cell]:
    """Return the three cells of a field, which lie elsewhere in each field."""
    random = np.random.default_rng(number)
    corners = [(4, 4), (44, 6), (8, 46), (46, 46)]
    kinds = random.permutation(["small", "big", "small", "big"])[:3]
    places = [corners[place] for place in random.permutation(4)[:3]]
    return [
        (str(kind), float(x + random.uniform(0, 6)), float(y + random.uniform(0, 6)))
        for kind, (x, y) in zip(kinds, places, strict=True)
    ]


def picture_of(number: int) -> np.ndarray:
    """Return a field as its camera sees it: (80, 80), uint16 counts."""
    random = np.random.default_rng(1000 + number)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    image = np.full((SIDE, SIDE), 400.0)
    for kind, left, top in cells_of(number):
        radius = SIDES[kind] / 2
        distance = np.hypot(x - left - radius, y - top - radius)
        image += 1800 / (1 + np.exp(2 * (distance - radius + 1)))
    return random.normal(image, 20).clip(0, 65535).astype(np.uint16)


class MiniStudy(Study):
    """The study, its rows and its annotated cells, as they are before a test spoils them."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        super().__init__(folder, {**yaml.safe_load(CONFIG), **changes})
        self.data = folder / "data"
        self.data.mkdir()
        plan = [(f"ann{n}", "annotated", "1", f"w{n}") for n in range(6)]
        for condition in ("untreated", "drug"):
            for n in (1, 2, 3):
                plan.append((f"{condition}-r{n}-f0", condition, f"r{n}", f"{condition}-r{n}"))
        splits = ["test", "val", *["train"] * 4, *[""] * 6]
        self.rows = [
            {
                "field": field,
                "condition": condition,
                "replicate": replicate,
                "group": group,
                "cells": f"{field}.tif",
                "split": split,
            }
            for (field, condition, replicate, group), split in zip(plan, splits, strict=True)
        ]
        for number, row in enumerate(self.rows):
            tifffile.imwrite(self.data / row["cells"], picture_of(number))
        self.annotated = {self.rows[n]["cells"]: cells_of(n) for n in range(6)}
        self.write_via()

    def write(self) -> "MiniStudy":
        """Write config and sample sheet as they are now."""
        self.write_fields(self.rows)
        super().write()
        return self

    def write_via(self, scale: float = 1.0) -> None:
        """Write the annotated cells as VIA does, as drawn on pictures of `scale` times the size."""
        images = {}
        for image, cells in self.annotated.items():
            regions = [
                {
                    "shape_attributes": {
                        "name": "rect",
                        "x": x * scale,
                        "y": y * scale,
                        "width": SIDES[kind] * scale,
                        "height": SIDES[kind] * scale,
                    },
                    "region_attributes": {"class": kind},
                }
                for kind, x, y in cells
            ]
            images[image] = {"filename": image, "size": -1, "regions": regions}
        (self.data / "via.json").write_text(json.dumps(images))
