"""Fields that have the same pixels under different names."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.images.quality import copies

FIELDS = pd.DataFrame(
    {
        "field": ["u1", "u2", "d1", "d2"],
        "condition": ["untreated", "untreated", "drug", "drug"],
        "replicate": ["r1", "r1", "r1", "r2"],
        "verdict": "ok",
        "content": ["a", "b", "c", "d"],
    }
)


def copied(first, second, near_duplicates="refuse", verdict="ok"):
    fields = FIELDS.set_index("field", drop=False)
    fields.loc[second, "content"] = fields.loc[first, "content"]
    fields.loc[second, "verdict"] = verdict
    copies.check(fields.reset_index(drop=True), near_duplicates)


@pytest.fixture
def warned(monkeypatch):
    sentences = []
    monkeypatch.setattr(copies.notices, "warn", sentences.append)
    return sentences


@pytest.mark.parametrize("pair", [("u1", "d1"), ("d1", "d2")], ids=["condition", "replicate"])
def test_a_copy_in_another_condition_or_replicate_is_refused(pair):
    with pytest.raises(StudyError, match=r"d1 and|and d1"):
        copied(*pair)


@pytest.mark.parametrize("mode", ["keep_together", "allow"])
def test_copies_that_the_config_knows_of_are_a_warning(warned, mode):
    copied("u1", "d1", mode)
    assert "d1 and u1" in warned[0]


def test_a_copy_within_a_replicate_is_a_warning(warned):
    copied("u1", "u2")
    assert "u1 and u2" in warned[0]


def test_fields_that_are_set_aside_count_nowhere_and_others_differ(warned):
    copied("u1", "d1", verdict="cannot be read")
    copies.check(FIELDS, "refuse")
    copies.check(FIELDS.drop(columns="content"), "refuse")
    assert warned == []
