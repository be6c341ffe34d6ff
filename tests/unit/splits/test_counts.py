"""How many fields and cells there are, part by part and together."""

import pandas as pd

from cellpheno.splits import counts
from cellpheno.tables.annotations import COUNTS


def test_every_part_is_counted_and_fields_set_aside_are_not():
    quality = pd.DataFrame(
        {
            "field": ["a", "b", "c", "d", "bad"],
            "condition": ["x", "x", "y", "y", "x"],
            "verdict": ["ok"] * 4 + ["blurred"],
        }
    )
    splits = quality[["field"]].assign(split=["train", "test", "train", "predict", "train"])
    boxes = pd.DataFrame(
        {"field": ["a", "a", "a", "c", "bad"], "label": ["live", "dead", "dead", "live", "live"]}
    )
    table = counts.count(
        boxes, ["a", "b", "c", "bad"], quality, splits, ["live", "dead"], {"both": ["live", "dead"]}
    )
    assert list(table.columns) == [column.name for column in COUNTS.columns]
    n = table.set_index(["split", "condition", "class"])[["n_fields", "n_cells"]]
    assert tuple(n.loc[("train", "x", "dead")]) == (1, 2)
    assert tuple(n.loc[("train", "all", "live")]) == (2, 2)
    assert tuple(n.loc[("test", "x", "all")]) == (1, 0)  # annotated, and empty
    assert tuple(n.loc[("all", "all", "all")]) == (3, 4)
    assert tuple(n.loc[("all", "all", "both")]) == (3, 4)
    assert "predict" not in table["split"].tolist()
    whole = table[(table["split"] != "all") & (table["condition"] != "all")]
    assert whole.loc[whole["class"] == "all", "n_cells"].sum() == 4


def test_a_condition_named_all_is_distinguished_from_all_conditions_together():
    quality = pd.DataFrame({"field": ["a", "b"], "condition": ["all", "nan"], "verdict": "ok"})
    splits = quality[["field"]].assign(split="train")
    boxes = pd.DataFrame({"field": ["a", "a", "b"], "label": ["live", "dead", "live"]})
    table = counts.count(boxes, ["a", "b"], quality, splits, ["live", "dead"], {})
    assert not table.duplicated(list(COUNTS.key)).any()
    n = table[(table["split"] == "all") & (table["class"] == "all")].set_index("condition")
    assert n["n_cells"].to_dict() == {"all": 2, "nan": 1, "all together": 3}


def test_the_word_for_all_values_is_never_one_of_them():
    assert counts.all_of(["x", "y"]) == "all"
    assert counts.all_of(["all", "all together"]) == "all together together"
