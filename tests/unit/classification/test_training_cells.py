"""Which annotated cells a training learns from."""

import itertools

import numpy as np
import pandas as pd
import pytest

from cellpheno.classification import sampling, training_cells
from cellpheno.core.errors import StudyError
from cellpheno.study import classification

FIELDS = pd.DataFrame(
    {"field": [f"f{n}" for n in range(20)], "patient": ["06", "07"] * 10, "plate": ["a"] * 20}
)
NAMES = pd.Series(np.repeat(FIELDS["field"].to_numpy(), 3))
ROWS = (np.arange(30), np.arange(30, 60))  # train: f0 to f9, val: f10 to f19


def settings(**changed):
    plain = {"only": {}, "validate_only": True, "share": 1.0, "unknown": "keep"}
    return training_cells.Selection(
        **{**plain, "unknown_class": None, "counted_as": None, "pseudo_confidence": 0.8, **changed}
    )


def chosen(seed=0, **changed):
    rows = training_cells.choose_fields(ROWS, NAMES, settings(**changed), FIELDS, seed)
    return [sorted(set(NAMES.iloc[part])) for part in rows]


def test_without_a_choice_all_cells_are_learned_from():
    rows = training_cells.choose_fields(ROWS, NAMES, settings(), None, 0)
    assert all(np.array_equal(a, b) for a, b in zip(rows, ROWS, strict=True))


def test_only_some_patients_are_learned_from():
    train, val = chosen(only={"patient": ["07"]})
    assert train == ["f1", "f3", "f5", "f7", "f9"]
    assert val == ["f11", "f13", "f15", "f17", "f19"]


def test_the_published_choice_watches_all_patients():
    train, val = chosen(only={"patient": ["07"]}, validate_only=False)
    assert len(train) == 5
    assert len(val) == 10


def test_a_column_that_the_sheet_lacks_is_told():
    with pytest.raises(StudyError, match="donor"):
        chosen(only={"donor": ["x"]})


def test_smaller_shares_are_parts_of_larger_ones_and_val_is_left_whole():
    shares = [chosen(share=share) for share in (0.05, 0.1, 0.2, 0.5, 1.0)]
    assert [len(train) for train, _ in shares] == [1, 1, 2, 5, 10]
    for (smaller, _), (larger, _) in itertools.pairwise(shares):
        assert set(smaller) <= set(larger)
    assert all(len(val) == 10 for _, val in shares)


def test_another_seed_takes_other_fields():
    assert len({tuple(chosen(seed=seed, share=0.5)[0]) for seed in range(5)}) > 1


LABELS = pd.Series(["R", "G", "U", "U", "R", "U"])
TRAIN_VAL = (np.array([0, 1, 2, 3]), np.array([4, 5]))
GUESSED = pd.DataFrame(
    {"crop_row": [2, 3, 5], "p_R": [0.9, 0.4, 0.9], "p_G": [0.05, 0.3, 0.1], "p_U": [0.05, 0.3, 0]}
)


def labelled(policy):
    own = settings(unknown=policy, unknown_class="U")
    labels, (train, val) = training_cells.label_unknown(LABELS, TRAIN_VAL, own, "G", "R", GUESSED)
    return labels.iloc[train].tolist(), labels.iloc[val].tolist()


@pytest.mark.parametrize(
    ("policy", "train", "val"),
    [
        ("keep", ["R", "G", "U", "U"], ["R", "U"]),
        ("drop", ["R", "G"], ["R"]),
        ("negative", ["R", "G", "G", "G"], ["R", "G"]),
        ("pseudo", ["R", "G", "R", "R"], ["R"]),
        ("pseudo_confident", ["R", "G", "R"], ["R"]),
    ],
)
def test_what_becomes_of_unknown_cells(policy, train, val):
    assert labelled(policy) == (train, val)


def test_an_own_class_and_counting_as_normal_are_told_apart():
    assert labelled("keep") != labelled("negative")


def test_a_training_on_a_share_takes_as_many_steps_as_one_on_all():
    labels = np.array([0, 1, 0, 1])
    order = sampling.draw_enough(labels, balance=False, seed=0, epoch=0, needed=10)
    assert len(order) == 10
    assert np.array_equal(order[:4], sampling.draw(labels, balance=False, seed=0, epoch=0))
    assert sorted(order[4:8]) == [0, 1, 2, 3]


def test_a_share_may_lack_a_class_and_dropped_cells_their_class():
    labels, train = pd.Series(["R", "G", "U"]), np.array([0, 1])
    with pytest.raises(StudyError, match="'U'"):
        sampling.check_classes(labels, train, ["R", "G", "U"])
    whole = {"share": 1, "only": {}, "unknown": "keep", "unknown_class": None}
    for own in ({"share": 0.1}, {"unknown": "drop", "unknown_class": "U"}):
        lacking = classification.may_lack({**whole, **own}, ["R", "G", "U"])
        sampling.check_classes(labels, train, ["R", "G", "U"], lacking)


def test_a_class_must_be_learned_where_any_training_on_whole_fields_needs_it():
    whole = {"share": 1, "only": {}, "unknown": "keep", "unknown_class": None}
    fields, cells = {**whole, "validation": "fields"}, {**whole, "validation": "cells"}
    dropped = {**fields, "unknown": "drop", "unknown_class": "U"}
    share = {**fields, "share": 0.5}
    must_learn = classification.must_learn
    assert must_learn([cells, share], ["R", "U"]) == []
    assert must_learn([share, dropped], ["R", "U"]) == ["R"]
    assert must_learn([dropped, fields], ["R", "U"]) == ["R", "U"]
