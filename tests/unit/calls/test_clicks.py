"""Proposals for annotators, their order, and the clicks that correcting them takes (C7)."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest

from cellpheno.calls import clicks, proposals
from cellpheno.figures.annotations import annotation_work
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATION_WORK
from cellpheno.tables.columns import BOX_COLUMNS

CLASSES = ["R", "G"]
KEY = ["field", *BOX_COLUMNS]


def cell(field, x, call="R", p=0.9, side=20.0):
    """A proposed cell at x, of side 20 by default."""
    own = {"R": p, "G": 1 - p} if call == "R" else {"R": 1 - p, "G": p}
    return {
        "field": field,
        **dict(zip(BOX_COLUMNS, (x, 0.0, x + side, side), strict=True)),
        "call": call,
        **{"det_score": 0.9, "cls_score": p, "score": p},
        **{f"p_{name}": value for name, value in own.items()},
    }


def drawn(field, x, label="R"):
    edges = dict(zip(BOX_COLUMNS, (x, 0.0, x + 20, 20.0), strict=True))
    return {"field": field, **edges, "label": label}


FIELDS = pd.DataFrame({"field": ["f1", "f2", "f3"], "condition": "p06"})
GROUP_OF = pd.Series(FIELDS["field"].to_numpy(), FIELDS["field"])
CELLS = pd.DataFrame(
    [
        cell("f1", 0, p=0.6),  # right
        cell("f1", 100, "G", p=0.8),  # wrong class
        cell("f1", 203, p=0.8),  # moved: 17 of 23 px, an IoU of 0.74, is good enough
        cell("f1", 306, "G", p=0.8),  # wrong class, and 14 of 26 px have to be moved
        cell("f1", 500, p=0.8),  # nothing there
        cell("f2", 0, p=0.9),
        cell("elsewhere", 0),
    ]
)
BOXES = pd.DataFrame(
    [drawn("f1", x) for x in (0, 100, 200, 300, 400)] + [drawn("f2", 0), drawn("f3", 50)]
)


def test_clicks_are_those_counted_by_hand():
    work = clicks.count(CELLS, BOXES, FIELDS, CLASSES).set_index("field")
    first = work.loc["f1"]
    assert first[["n_cells", "n_proposed", "n_right"]].tolist() == [5, 5, 2]
    assert first[["n_wrong_class", "n_moved", "n_false", "n_missed"]].tolist() == [2, 1, 1, 1]
    # one is drawn (3); one gets a class (2), another class and edges (3); one is deleted (2)
    assert first[["clicks_drawing", "clicks_correcting", "clicks_deleting"]].tolist() == [3, 5, 2]
    assert first["clicks"] == 10
    assert work["clicks_from_nothing"].to_dict() == {"f3": 3, "f1": 15, "f2": 3}
    assert work.loc["f2", "clicks"] == 0
    assert work.loc["f3", "clicks"] == 3


def test_no_click_chooses_the_only_class():
    boxes = BOXES[BOXES["field"] == "f2"]
    work = clicks.count(CELLS[CELLS["call"] == "R"], boxes, FIELDS, ["R"])
    assert work.set_index("field")["clicks_from_nothing"]["f2"] == 2


def test_the_table_is_one_that_the_workflow_takes(tmp_path):
    work = clicks.count(CELLS, BOXES, FIELDS, CLASSES)
    storage.write(work, tmp_path / "work.tsv", ANNOTATION_WORK)
    assert len(storage.read(tmp_path / "work.tsv", ANNOTATION_WORK)) == 3


def test_two_proposals_of_one_cell_are_one_too_many():
    cells = pd.DataFrame([cell("f2", 0), cell("f2", 2)])
    counted = clicks.count(cells, BOXES, FIELDS[FIELDS["field"] == "f2"], CLASSES).iloc[0]
    assert counted[["n_right", "n_false", "clicks"]].tolist() == [1, 1, 2]


def test_the_least_certain_field_comes_first_and_an_empty_one_before_all():
    doubt = proposals.by_doubt(CELLS, ["f1", "f2", "f3"], CLASSES)
    assert doubt.index.tolist() == ["f3", "f1", "f2"]
    assert doubt.tolist() == pytest.approx([1.0, (0.4 + 4 * 0.2) / 5, 0.1])


def test_another_classifier_gives_the_classes_of_the_same_boxes():
    cells = CELLS.assign(label=None, split="test")
    shuffled = cells.sample(frac=1, random_state=0)[KEY].reset_index(drop=True)
    other = shuffled.assign(p_R=0.3, p_G=0.7)
    proposed = proposals.by_classifier(cells, other, CLASSES)
    assert set(proposed["call"]) == {"G"}
    assert proposed["score"].tolist() == [0.7] * len(cells)
    assert list(proposed.columns) == list(cells.columns)
    pd.testing.assert_frame_equal(proposed[KEY], cells[KEY])


def test_the_share_of_clicks_has_an_interval_over_groups():
    work = clicks.count(CELLS, BOXES, FIELDS, CLASSES)
    found = clicks.share(work, GROUP_OF)
    assert found.value == pytest.approx(13 / 21)
    assert found.ci_low < found.value < found.ci_high
    assert "rests on 1 group" in clicks.share(work, GROUP_OF.map(lambda _: "slide")).note
    assert np.isnan(clicks.share(work[:0], GROUP_OF).value)


@pytest.mark.parametrize("rows", [3, 1, 0])
def test_the_figure_tells_the_share(rows):
    work = clicks.count(CELLS, BOXES, FIELDS, CLASSES)[:rows]
    figure = annotation_work.draw(work, clicks.share(work, GROUP_OF))
    figure.canvas.draw()
    shown = " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))
    assert ("of the clicks" in shown) == (rows > 0)
