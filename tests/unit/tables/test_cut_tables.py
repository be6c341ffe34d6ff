"""A truncated text table ends the job that reads it, before any results."""

import runpy
import types
from pathlib import Path

import pandas as pd
import pytest

from cellpheno.core import job
from cellpheno.core.errors import StudyError
from cellpheno.tables import quality as quality_tables
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS
from cellpheno.tables.quality import QUALITY
from cellpheno.tables.statistics import FREQUENCIES

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"
FIELDS = pd.DataFrame(
    {
        "field": ["a", "b", "c"],
        "condition": ["control", "drug", "drug"],
        "replicate": ["r1", "r1", "r2"],
        "group": ["g1", "g2", "g3"],
    }
)
MEASURED = dict.fromkeys(("saturated_fraction", "focus", "height", "width"), 1.0)
SPLITS = FIELDS[["field", "group"]].assign(split="predict", complete=False)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that runs a script on these tables; `pairs` and others may be left out."""
    monkeypatch.setattr(job, "start", lambda _: None)
    quality = FIELDS.assign(verdict="ok", **MEASURED)
    kinds = {
        "fields": (quality, QUALITY),
        "quality": (quality, QUALITY),
        "splits": (SPLITS, quality_tables.SPLITS),
        "annotated": (ANNOTATED_FIELDS.empty(), ANNOTATED_FIELDS),
    }

    def run(script, params, **changed):
        inputs = {}
        for name, (frame, kind) in {**kinds, **changed}.items():
            inputs[name] = tmp_path / f"{name}.tsv"
            storage.write(frame, inputs[name], kind)
        snakemake = types.SimpleNamespace(
            input=types.SimpleNamespace(**inputs), params=types.SimpleNamespace(**params)
        )
        runpy.run_path(str(SCRIPTS / script), {"snakemake": snakemake})

    return run


def test_the_gate_before_every_training_refuses_splits_that_lack_a_field(written):
    with pytest.raises(StudyError, match=r"splits\.tsv lacks 1 of the 3 fields"):
        written("check_splits.py", {}, splits=(SPLITS[:2], quality_tables.SPLITS))


@pytest.mark.parametrize("lost", ["big", "a field of small"])
def test_frequencies_without_a_class_or_a_field_of_one_are_not_tested(written, lost):
    both = [
        FIELDS.assign(**{"class": name, "n_cells": 2, "n_class": 1, "frequency": 0.5})
        for name in ("small", "big")
    ]
    counted = both[0] if lost == "big" else pd.concat([both[0][:2], both[1]])
    settings = {"classes": ["small", "big"], "groups": {}, "excluded": []}
    settings |= {"of_training_groups": "exclude", "source": "calls"}
    with pytest.raises(StudyError, match=rf"\(class {lost.split()[-1]}\) lacks"):
        written(
            "compare_conditions.py",
            {"splits": ["predict"], "without": [], **settings},
            frequencies=(counted, FREQUENCIES),
        )
