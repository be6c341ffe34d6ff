"""Splits by group: no leaks, the sample sheet's word, balance, and the same every time."""

import runpy
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellpheno.core import job
from cellpheno.core.errors import StudyError
from cellpheno.splits import assign as splits
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES

FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}


def make_fields(groups: int, per_group: int = 1, **columns: object) -> pd.DataFrame:
    n = groups * per_group
    return pd.DataFrame(
        {
            "field": [f"f{row:04d}" for row in range(n)],
            "group": [f"g{row // per_group}" for row in range(n)],
            "verdict": "ok",
            "content": [f"sha256:{row}" for row in range(n)],
            "split": "",
            **columns,
        }
    )


def make_boxes(fields: pd.DataFrame, rare: float = 0.1, seed: int = 0) -> pd.DataFrame:
    """Annotate every field with 1 to 30 cells of two classes."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 30, len(fields))
    label = np.where(random.random(counts.sum()) < rare, "dead", "living")
    return pd.DataFrame({"field": np.repeat(fields["field"].to_numpy(), counts), "label": label})


def assign(fields, boxes, by="group", fractions=FRACTIONS, seed=0, empty=()) -> pd.Series:
    """Fields with boxes are annotated, and so are the empty ones."""
    annotated = pd.DataFrame({"field": sorted({*boxes["field"], *empty}), "complete": True})
    result = splits.assign(fields, annotated, boxes, by, fractions, seed)
    return result.set_index("field")["split"]


def test_a_group_is_never_divided():
    fields = make_fields(20, per_group=4)
    split = assign(fields, make_boxes(fields))
    assert (split.groupby(fields.set_index("field")["group"]).nunique() == 1).all()


def test_identical_images_stay_together_whatever_their_group():
    fields = make_fields(60)
    fields.loc[30:, "content"] = fields.loc[:29, "content"].to_numpy()
    split = assign(fields, make_boxes(fields), by="field")
    assert (split.groupby(fields.set_index("field")["content"]).nunique() == 1).all()
    assert set(split) == {"train", "val", "test"}


def test_the_group_is_that_of_splits_by_and_what_shows_the_same_is_one():
    fields = make_fields(6, per_group=2).assign(plate=[*"aabbccddeeff"])
    boxes = make_boxes(fields)
    annotated = pd.DataFrame({"field": sorted({*boxes["field"]}), "complete": True})
    fields.loc[5, "content"] = fields.loc[0, "content"]
    for by, own in (("field", fields["field"].tolist()), ("plate", [*"aabbccddeeff"])):
        result = splits.assign(fields, annotated, boxes, by, FRACTIONS, 0)
        same = {own[0], own[5]}
        assert result["group"].tolist() == [min(same) if name in same else name for name in own]


def test_pairs_that_given_splits_keep_apart_do_not_stop_others_from_being_kept_together():
    fields = make_fields(12, split=["train", "test", "val"] + [""] * 9)
    boxes = make_boxes(fields)
    annotated = pd.DataFrame({"field": sorted({*boxes["field"]}), "complete": True})
    # f0000 and f0001 cannot be moved, nor may the chain over f0003 join them
    together = [("f0000", "f0001"), ("f0001", "f0003"), ("f0003", "f0000"), ("f0002", "f0004")]
    result = splits.assign(fields, annotated, boxes, "group", FRACTIONS, 0, together=together)
    split = result.set_index("field")["split"]
    assert split[["f0000", "f0001", "f0002"]].tolist() == ["train", "test", "val"]
    assert split["f0003"] == "test"
    assert split["f0004"] == "val"


def test_of_a_pair_in_two_splits_the_field_is_left_out_that_teaches(caplog):
    given = ["train"] * 10 + ["val"] * 5 + ["test"] * 5
    fields = make_fields(20, split=given)
    boxes = make_boxes(fields)
    annotated = pd.DataFrame({"field": fields["field"], "complete": True})

    def unused(*apart):
        result = splits.assign(
            fields, annotated, boxes, "group", FRACTIONS, 0, apart=[(a, b) for a, b in apart]
        )
        assert not result.loc[result["split"] == "unused", "complete"].any()
        return result.loc[result["split"] == "unused", "field"].tolist()

    assert unused(("f0015", "f0000"), ("f0011", "f0016"), ("f0002", "f0003")) == ["f0000", "f0011"]
    assert "1 of 10 fields of the split train show the same" in caplog.text
    # who is left out cannot be the same as a third one any more
    assert unused(("f0000", "f0015"), ("f0000", "f0010")) == ["f0000"]
    # three of ten are no accident
    assert unused(*[(f"f000{n}", "f0015") for n in range(3)]) == []


def test_of_equal_images_in_two_splits_the_one_is_left_out_that_nobody_annotated(caplog):
    fields = make_fields(12, split=["train"] * 6 + ["val"] * 3 + ["test"] * 3)
    fields.loc[[0, 1], "content"] = fields.loc[[9, 10], "content"].to_numpy()
    boxes = make_boxes(fields[fields["field"] != "f0009"])
    annotated = pd.DataFrame({"field": sorted({*boxes["field"]}), "complete": True})
    with pytest.raises(StudyError, match="belong together"):
        splits.assign(fields, annotated, boxes, "group", FRACTIONS, 0)
    result = splits.assign(fields, annotated, boxes, "group", FRACTIONS, 0, apart=[])
    unused = result[result["split"] == "unused"]
    assert unused["field"].tolist() == ["f0001", "f0009"]
    assert not unused["complete"].any()
    assert "2 fields have the same pixels" in caplog.text


def test_groups_linked_by_a_chain_of_identical_images_stay_together():
    fields = make_fields(6, per_group=2)
    fields["content"] = [*"abbccd", *"efghij"]  # groups 0, 1 and 2 are one block
    split = assign(fields, make_boxes(fields))
    assert split.iloc[:6].nunique() == 1


@pytest.mark.parametrize("seed", range(5))
def test_fields_and_the_cells_of_each_class_come_close_to_the_fractions(seed):
    fields = make_fields(120, per_group=2)
    boxes = make_boxes(fields, seed=seed)
    split = assign(fields, boxes, seed=seed)
    cells = boxes.assign(split=boxes["field"].map(split))
    for dealt in (split, *(members["split"] for _, members in cells.groupby("label"))):
        assert dealt.value_counts(normalize=True).to_dict() == pytest.approx(FRACTIONS, abs=0.02)


def test_a_class_that_lives_in_three_groups_reaches_every_split():
    fields = make_fields(30)
    boxes = make_boxes(fields, rare=0)
    rare = pd.DataFrame({"field": ["f0003", "f0017", "f0021"], "label": "dead"})
    split = assign(fields, pd.concat([boxes, rare]))
    assert set(split[rare["field"]]) == {"train", "val", "test"}


def test_large_groups_do_not_all_train():
    fields = make_fields(60)
    boxes = make_boxes(fields)
    cells = boxes["field"].value_counts()
    means = pd.Series(
        [cells[assign(fields, boxes, seed=seed).eq("train")].mean() for seed in range(5)]
    )
    assert means.mean() == pytest.approx(cells.mean(), rel=0.1)


def test_the_result_depends_on_the_seed_and_not_on_the_order_of_rows():
    fields = make_fields(40)
    boxes = make_boxes(fields)
    first = assign(fields, boxes)
    shuffled = assign(fields.sample(frac=1, random_state=1), boxes.sample(frac=1, random_state=2))
    pd.testing.assert_series_equal(first, shuffled)
    assert not first.equals(assign(fields, boxes, seed=1))


@pytest.mark.parametrize("groups", [3, 4, 5])
def test_few_groups_still_fill_every_split(groups):
    fields = make_fields(groups, per_group=3)
    assert set(assign(fields, make_boxes(fields))) == {"train", "val", "test"}


def test_fewer_groups_than_splits_are_refused():
    fields = make_fields(2, per_group=5)
    with pytest.raises(StudyError, match=r"has no field: the 10 .*group"):
        assign(fields, make_boxes(fields))


def test_fields_without_annotation_are_predicted():
    fields = make_fields(12)
    split = assign(fields, make_boxes(fields.iloc[:9]))
    assert (split.iloc[9:] == "predict").all()
    assert "predict" not in set(split.iloc[:9])


@pytest.mark.parametrize("seed", range(5))
def test_annotated_fields_without_cells_are_dealt_out_like_a_class(seed):
    fields = make_fields(100)
    empty = fields["field"].iloc[80:95]
    split = assign(fields, make_boxes(fields.iloc[:80], seed=seed), seed=seed, empty=empty)
    assert split[empty].value_counts().to_dict() == {"train": 9, "val": 3, "test": 3}
    assert (split.iloc[95:] == "predict").all()


def test_fields_set_aside_do_not_appear():
    fields = make_fields(12)
    fields.loc[3, "verdict"] = "over-exposed"
    assert "f0003" not in assign(fields, make_boxes(fields)).index


def test_the_sample_sheet_s_split_is_kept_and_passes_to_the_rest_of_the_group():
    fields = make_fields(10, per_group=2)
    fields.loc[[4, 9], "split"] = ["test", "predict"]
    split = assign(fields, make_boxes(fields))
    assert (split["f0004"], split["f0005"]) == ("test", "test")
    assert split["f0009"] == "predict"
    assert split["f0008"] != "predict"


def test_a_field_without_cells_may_be_put_into_a_split_by_the_sheet():
    fields = make_fields(10)
    fields.loc[0, "split"] = "test"
    assert assign(fields, make_boxes(fields.iloc[1:]))["f0000"] == "test"


def test_a_field_whose_cells_were_all_left_out_is_not_one_without_cells(caplog):
    fields = make_fields(9, split=["test"] * 2 + [""] * 7)
    boxes = make_boxes(fields.iloc[2:])
    annotated = pd.DataFrame({"field": sorted({*boxes["field"]}), "complete": True})
    lost = ["f0001", "f0005"]
    result = splits.assign(fields, annotated, boxes, "group", FRACTIONS, 0, lost=lost)
    split = result.set_index("field")["split"]
    assert split[["f0000", "f0001"]].tolist() == ["test", "unused"]
    assert split["f0005"] != "unused"  # not all of its cells
    assert "none that is a cell of the study's classes" in caplog.text


def test_a_sheet_that_puts_identical_images_into_two_splits_is_refused():
    fields = make_fields(10)
    fields.loc[[2, 7], "split"] = ["train", "test"]
    fields.loc[7, "content"] = fields.loc[2, "content"]
    with pytest.raises(StudyError, match="f0002 into train and f0007 into test"):
        assign(fields, make_boxes(fields), by="field")


def test_a_predicted_copy_of_an_annotated_image_is_logged(caplog):
    fields = make_fields(10)
    fields.loc[9, "content"] = fields.loc[0, "content"]
    assert assign(fields, make_boxes(fields.iloc[:9]))["f0009"] == "predict"
    assert "f0009" in caplog.text


def test_fields_that_only_the_sample_sheet_calls_empty_take_part_and_are_logged(caplog):
    fields = make_fields(20)
    boxes = make_boxes(fields.iloc[:12])
    assign(fields, boxes)
    assert "not annotated" not in caplog.text
    fields.loc[[0, *range(13, 20)], "split"] = "train"
    split = assign(fields, boxes, empty=["f0013"])
    assert (split.loc["f0013":] == "train").all()
    assert split["f0012"] == "predict"
    assert "6 fields are not annotated but the sample sheet puts them into train" in caplog.text
    assert "(f0014, f0015, f0016, f0017, f0018, ...)" in caplog.text


def test_a_group_on_both_sides_is_a_leak():
    fields = make_fields(2, per_group=2)
    table = fields[["field", "group"]].assign(split=["train", "test", "val", "predict"])
    with pytest.raises(StudyError, match="g0 .*f0000 in train, f0001 in test"):
        splits.refuse_leaks(table, fields, "group")
    splits.refuse_leaks(table, fields, "field")


def test_an_image_on_both_sides_is_a_leak():
    fields = make_fields(4)
    fields.loc[3, "content"] = fields.loc[0, "content"]
    table = fields[["field", "group"]].assign(split=["train", "train", "val", "test"])
    with pytest.raises(StudyError, match="image content .*f0000 in train, f0003 in test"):
        splits.refuse_leaks(table, fields, "group")


def patients(per_patient=8, names=("A", "B", "C", "D")):
    fields = make_fields(per_patient * len(names))
    return fields.assign(patient=[names[row // per_patient] for row in range(len(fields))])


def annotated_fields(fields):
    return fields[["field"]].assign(complete=True)


def held_out(fields, hold_out, annotated=None):
    boxes = make_boxes(fields)
    chosen = fields if annotated is None else fields[annotated]
    result = splits.assign(fields, annotated_fields(chosen), boxes, "field", FRACTIONS, 0, ())
    assert set(result["split"]) >= {"train", "val", "test"}
    by_patient = splits.assign(
        fields, annotated_fields(chosen), boxes, "patient", FRACTIONS, 0, hold_out
    )
    return by_patient.set_index("field")["split"]


def test_a_group_that_is_held_out_is_the_test_and_nothing_else_is():
    fields = patients()
    split = held_out(fields, ["B"])
    by_patient = split.groupby(fields.set_index("field")["patient"]).unique()
    assert by_patient["B"].tolist() == ["test"]
    assert {name for row in "ACD" for name in by_patient[row]} == {"train", "val"}


def test_fields_of_a_held_out_group_that_were_not_annotated_are_predicted():
    fields = patients()
    annotated = np.arange(len(fields)) % 2 == 0
    split = held_out(fields, ["B"], annotated)
    in_b = fields["patient"] == "B"
    assert set(split[fields.loc[in_b & annotated, "field"]]) == {"test"}
    assert set(split[fields.loc[in_b & ~annotated, "field"]]) == {"predict"}


def test_a_sheet_that_trains_on_a_held_out_group_is_refused():
    fields = patients()
    fields.loc[fields["patient"] == "B", "split"] = "train"
    with pytest.raises(StudyError, match=r"f0008 into train.*patient, B, is held out"):
        held_out(fields, ["B"])


def test_each_group_is_held_out_in_turn():
    fields = patients()
    folds = splits.hold_each_group_out(
        fields, annotated_fields(fields), make_boxes(fields), "patient", FRACTIONS, 0
    )
    assert folds["held_out"].unique().tolist() == ["A", "B", "C", "D"]
    patient = folds["field"].map(fields.set_index("field")["patient"])
    pd.testing.assert_series_equal(
        folds["split"] == "test", patient == folds["held_out"], check_names=False
    )


def test_two_groups_are_too_few_to_hold_each_out():
    fields = patients(names=("A", "B"))
    with pytest.raises(StudyError, match="at least 3 of them.*there are 2"):
        splits.hold_each_group_out(
            fields, annotated_fields(fields), make_boxes(fields), "patient", FRACTIONS, 0
        )


def by_hash(fields: pd.DataFrame, seed: int = 0, rare: tuple[str, ...] = ()) -> pd.Series:
    annotated = annotated_fields(fields)
    living = pd.DataFrame({"field": fields["field"], "label": "living"})
    boxes = pd.concat([living, pd.DataFrame({"field": list(rare), "label": "dead"})])
    result = splits.assign(fields, annotated, boxes, "group", FRACTIONS, seed, deal=splits.BY_HASH)
    return result.set_index("field")["split"]


def test_by_hash_fields_that_are_added_later_move_no_other():
    fields = make_fields(80, per_group=2)
    late = fields.index % 7 == 0
    late |= fields["group"].isin(["g3", "g40"])
    before = by_hash(fields[~late].reset_index(drop=True))
    after = by_hash(fields)
    assert after[before.index].equals(before)
    assert (after.groupby(fields.set_index("field")["group"]).nunique() == 1).all()


def test_by_hash_many_groups_come_close_to_the_fractions_and_other_seeds_deal_otherwise():
    fields = make_fields(1000)
    first, second = by_hash(fields, seed=1), by_hash(fields, seed=2)
    for dealt in (first, second):
        assert dealt.value_counts(normalize=True).to_dict() == pytest.approx(FRACTIONS, abs=0.05)
    assert (first != second).any()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("groups", [3, 5])
def test_by_hash_no_split_of_a_few_groups_stays_empty(groups, seed):
    assert set(by_hash(make_fields(groups), seed)) == set(splits.LEARNING)


@pytest.mark.parametrize("seed", range(10))
def test_by_hash_a_class_that_lives_in_three_groups_reaches_every_split(seed):
    rare = ("f0003", "f0017", "f0021")
    dealt = by_hash(make_fields(30), seed, rare)
    assert set(dealt[list(rare)]) == set(splits.LEARNING)


def test_by_hash_the_sample_sheet_has_the_last_word():
    fields = make_fields(30, split=["test"] * 5 + ["train"] * 5 + [""] * 20)
    dealt = by_hash(fields)
    assert dealt.iloc[:10].tolist() == ["test"] * 5 + ["train"] * 5


@pytest.mark.parametrize("seed", range(5))
def test_completely_annotated_fields_are_dealt_out_like_a_class(seed):
    fields = make_fields(12)
    annotated = annotated_fields(fields)
    annotated.loc[3:, "complete"] = False
    result = splits.assign(fields, annotated, make_boxes(fields), "group", FRACTIONS, seed)
    assert set(result.loc[result["complete"], "split"]) == {"train", "val", "test"}
    assert result["complete"].tolist() == annotated["complete"].tolist()


def test_a_field_that_the_sheet_calls_empty_is_complete_and_one_to_be_predicted_is_not():
    fields = make_fields(12)
    fields.loc[0, "split"] = "test"
    boxes = make_boxes(fields)
    boxes = boxes[~boxes["field"].isin(["f0000", "f0001"])]
    annotated = annotated_fields(fields.iloc[2:])
    result = splits.assign(fields, annotated, boxes, "group", FRACTIONS, 0)
    complete = result.set_index("field")["complete"]
    assert complete["f0000"]
    assert not complete["f0001"]


def test_a_class_that_no_field_of_the_training_has_is_refused_where_it_must_be_learned():
    dealt = pd.DataFrame(
        {"field": ["a", "b", "c", "d"], "split": ["train", "val", "test", "predict"]}
    )
    boxes = pd.DataFrame({"field": [*"abcbbd"], "label": [*"xxxyyz"]})
    splits.refuse_unlearnable(dealt, boxes, ["x", "z", "of no cell"])
    with pytest.raises(StudyError, match=r"train has .* class 'y' \(train 0, val 2, test 0\)"):
        splits.refuse_unlearnable(dealt, boxes, ["x", "y"])


@pytest.mark.parametrize(
    ("left", "fault"),
    [
        (["f0000", "f0001"], "lacks 1 of the 3 fields"),
        (["f0000", "f0001", "f0002", "f0003"], "contains 1 fields that .*boxes.parquet does not"),
    ],
)
def test_annotated_fields_other_than_those_of_the_boxes_are_refused_even_if_none_has_a_box(
    tmp_path, monkeypatch, left, fault
):
    monkeypatch.setattr(job, "start", lambda _: None)
    boxes = make_boxes(make_fields(2)).assign(x_min=1.0, y_min=1.0, x_max=9.0, y_max=9.0)
    boxes = boxes.assign(annotator="first")
    inputs = types.SimpleNamespace(
        boxes=tmp_path / "boxes.parquet", annotated=tmp_path / "fields.tsv"
    )
    storage.write(boxes, inputs.boxes, BOXES, searched=["f0000", "f0001", "f0002"])
    annotated = pd.DataFrame({"field": left, "n_boxes": 1, "complete": True})
    storage.write(annotated, inputs.annotated, ANNOTATED_FIELDS)
    snakemake = types.SimpleNamespace(input=inputs, params=types.SimpleNamespace())
    script = Path(__file__).parents[3] / "workflow/scripts/split_fields.py"
    with pytest.raises(StudyError, match=rf"fields\.tsv {fault}"):
        runpy.run_path(str(script), {"snakemake": snakemake})
