"""Losses to quality control are compared across conditions and classes, with warnings."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellpheno.core import notices
from cellpheno.images.quality import unequal_losses
from cellpheno.tables import storage
from cellpheno.tables.quality import SET_ASIDE


@pytest.fixture(autouse=True)
def _no_warnings_of_others(monkeypatch):
    monkeypatch.setattr(notices, "_given", [])


def quality(numbers: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """Return the quality table of conditions with so many fields set aside, of so many."""
    rows = [
        (f"{name}{n}", name, "blurred" if n < aside else "ok", "")
        for name, (aside, of) in numbers.items()
        for n in range(of)
    ]
    return pd.DataFrame(rows, columns=["field", "condition", "verdict", "remark"])


def test_the_p_value_of_conditions_is_that_of_fishers_exact_test():
    fields = quality({"drug": (9, 20), "control": (2, 24)})
    found = unequal_losses.conditions(fields, seed=0).set_index("name")
    expected = stats.fisher_exact([[9, 11], [2, 22]]).pvalue
    assert found.loc["drug", "p"] == pytest.approx(expected, rel=0.3)
    assert found.loc["drug", "p_adjusted"] == found.loc["drug", "p"]
    assert found.loc["drug", ["n", "n_set_aside", "share"]].tolist() == [20, 9, 0.45]


def test_several_conditions_are_corrected_for_after_holm():
    fields = quality({"a": (6, 10), "b": (0, 20), "c": (1, 20), "d": (0, 20)})
    found = unequal_losses.conditions(fields, seed=0).set_index("name")
    assert found.loc["a", "p_adjusted"] == pytest.approx(4 * found.loc["a", "p"])


def test_an_equal_loss_is_seldom_called_unequal():
    random, unequal = np.random.default_rng(0), 0
    fields = quality({"a": (0, 30), "b": (0, 30), "c": (0, 30)})
    for seed in range(100):
        fields["verdict"] = np.where(random.random(90) < 0.2, "blurred", "ok")
        unequal += (
            unequal_losses.conditions(fields, seed)["p_adjusted"] < unequal_losses.LEVEL
        ).any()
    assert unequal <= 10


@pytest.mark.parametrize("names", [("mitosis", "other"), ("aside", "fields")])
def test_a_class_that_loses_more_cells_than_others_is_named(names):
    bright, other = names
    cells = [(f"f{n}", bright if n < 40 else other) for n in range(200)]
    labels = pd.DataFrame(cells, columns=["field", "label"])
    fields = pd.DataFrame({"field": labels["field"], "verdict": "ok", "remark": ""})
    fields.loc[:9, "verdict"] = "over-exposed"
    compared = unequal_losses.classes(labels, fields, seed=0)
    unequal_losses.warn(compared, "cells", "set_aside.tsv")
    assert f"({bright}: 10 of 40 cells" in notices.given()[0]
    assert "; of all 5%)" in notices.given()[0]
    assert "set_aside.tsv" in notices.given()[0]


def test_cells_of_one_field_are_lost_together_and_prove_little():
    # one of ten fields is lost, and it happens to hold all the rare cells of its class
    labels = pd.DataFrame(
        [(f"f{n}", "rare" if n == 0 else "other") for n in range(10) for _ in range(40)],
        columns=["field", "label"],
    )
    fields = pd.DataFrame({"field": [f"f{n}" for n in range(10)], "verdict": "ok", "remark": ""})
    fields.loc[0, "verdict"] = "blurred"
    compared = unequal_losses.classes(labels, fields, seed=0).set_index("name")
    assert compared.loc["rare", "p"] > 0.05
    unequal_losses.warn(compared.reset_index(), "cells", "x.tsv")
    assert len(notices.given()) == 1
    assert "leaves nothing of 1 of 2 classes (rare: 40 of 40 cells)" in notices.given()[0]


def test_a_condition_that_loses_every_field_is_named_however_few_there_are():
    fields = quality({"drug": (1, 1), "control": (0, 2)})
    unequal_losses.warn(unequal_losses.conditions(fields, seed=0), "fields", "x.tsv")
    assert notices.given() == [
        "Quality control leaves nothing of 1 of 2 conditions (drug: 1 of 1 fields), so nothing "
        "can be said about them; see x.tsv."
    ]


def test_a_sound_study_gives_no_warning():
    fields = quality({"drug": (0, 9), "control": (0, 9)})
    compared = unequal_losses.conditions(fields, seed=0)
    unequal_losses.warn(compared, "fields", "x.tsv")
    unequal_losses.warn_of_fields(fields, "fields.tsv")
    unequal_losses.warn_of_limits({"min_detail": 3}, 15)
    assert notices.given() == []
    assert (compared["p"] == 1).all()


def test_a_limit_that_sets_aside_more_than_a_fifth_is_named_with_its_key():
    unequal_losses.warn_of_limits({"min_detail": 4}, 15)
    assert notices.given()[0].startswith("quality.min_detail alone sets aside 4 of 15 fields")


def test_fields_that_are_set_aside_or_unusual_are_one_line_each_with_the_file_to_read():
    fields = quality({"drug": (2, 9), "control": (0, 9)})
    fields.loc[12, "remark"] = "empty"
    unequal_losses.warn_of_fields(fields, "fields.tsv")
    assert notices.given() == [
        "Quality control sets aside 2 of 18 fields, such as drug0 (blurred); read the column "
        "verdict of fields.tsv.",
        "Quality control uses 1 of 18 fields although something is unusual, such as control3 "
        "(empty); read the column remark of fields.tsv.",
    ]


def test_the_comparison_is_a_table_that_can_be_written_and_read(tmp_path):
    compared = unequal_losses.conditions(quality({"drug": (1, 3), "control": (0, 2)}), seed=0)
    storage.write(compared, tmp_path / "a.tsv", SET_ASIDE)
    assert len(storage.read(tmp_path / "a.tsv", SET_ASIDE)) == 2
