"""Several annotators: one set of boxes with priority to the senior one, and their agreement."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from cellpheno.annotations.agreement import agreement
from cellpheno.annotations.merging import merge
from cellpheno.annotations.regions import AnnotatedImage, FieldNames, Region
from cellpheno.annotations.table import Annotated, to_tables
from cellpheno.tables import storage
from cellpheno.tables.annotations import AGREEMENT

CLASSES = ["living", "dead"]
KNOWN = FieldNames([{"field": f"f{n}", "width": 1000.0, "height": 100.0} for n in range(1, 9)], [])


def cell(x: float, label: str = "living", width: float = 20) -> Region:
    return Region((x, 10, x + width, 30), label)


def annotated(name: str, **fields: list[Region]) -> Annotated:
    """The boxes of one annotator in each field."""
    images = [AnnotatedImage(f, tuple(drawn), "a.json", name) for f, drawn in fields.items()]
    return to_tables(images, KNOWN, CLASSES)


def drawn(merged: Annotated) -> list[tuple]:
    columns = ["field", "x_min", "label", "annotator"]
    return list(merged.boxes[columns].itertuples(index=False, name=None))


class TestMerging:
    def test_the_senior_annotators_box_and_class_win(self):
        merged = merge(
            [annotated("expert", f1=[cell(10)]), annotated("student", f1=[cell(14, "dead")])], 0.5
        )
        assert drawn(merged) == [("f1", 10, "living", "expert")]

    def test_what_only_one_has_drawn_is_kept_with_who_drew_it(self):
        merged = merge(
            [annotated("expert", f1=[cell(10)]), annotated("student", f1=[cell(60, "dead")])], 0.5
        )
        assert drawn(merged) == [
            ("f1", 10, "living", "expert"),
            ("f1", 60, "dead", "student"),
        ]

    def test_a_field_that_only_one_has_looked_at_is_kept(self):
        merged = merge(
            [annotated("expert", f1=[cell(10)]), annotated("student", f2=[cell(10)], f3=[])], 0.5
        )
        assert merged.fields.to_dict("list") == {
            "field": ["f1", "f2", "f3"],
            "n_boxes": [1, 1, 0],
            "complete": [True] * 3,
        }

    def test_a_field_is_complete_where_one_annotator_drew_all_its_cells(self):
        outside = Region((2000, 10, 2020, 30), "dead")
        expert = annotated("expert", f1=[cell(10), outside], f2=[cell(10), outside])
        merged = merge([expert, annotated("student", f1=[cell(10)])], 0.5)
        assert merged.fields["complete"].tolist() == [True, False]

    def test_boxes_of_one_annotator_do_not_suppress_each_other(self):
        close = [cell(10), cell(14)]
        merged = merge([annotated("expert", f1=close), annotated("student", f2=close)], 0.5)
        assert len(merged.boxes) == 4

    @pytest.mark.parametrize(("max_iou", "n"), [(0.33, 1), (0.34, 2)])
    def test_boxes_that_overlap_by_more_than_the_limit_show_one_cell(self, max_iou, n):
        # 20 px wide and 10 px apart: they share 10 of 30 px
        pair = [annotated("expert", f1=[cell(10)]), annotated("student", f1=[cell(20)])]
        assert len(merge(pair, max_iou).boxes) == n

    def test_seniority_is_the_order_of_the_annotators(self):
        boxes = {name: annotated(name, f1=[cell(10)]) for name in ("a", "b", "c")}
        merged = merge([boxes["c"], boxes["a"], boxes["b"]], 0.5)
        assert drawn(merged) == [("f1", 10, "living", "c")]

    def test_boxes_that_give_way_are_reported(self):
        merged = merge(
            [annotated("expert", f1=[cell(10)]), annotated("student", f1=[cell(11)])], 0.5
        )
        [row] = merged.report.to_dict("records")
        assert (row["source"], row["field"], row["n"]) == ("student", "f1", 1)
        assert "more senior" in row["problem"]

    def test_one_annotator_is_left_as_they_are(self):
        alone = annotated("expert", f1=[cell(10)], f2=[])
        merged = merge([alone], 0.5)
        pd.testing.assert_frame_equal(merged.boxes, alone.boxes)
        pd.testing.assert_frame_equal(merged.fields, alone.fields)


GROUP_OF = {f"f{n}": f"f{n}" for n in range(1, 9)}


class TestAgreement:
    def values(self, *annotators: tuple[str, Annotated]) -> dict[str, tuple[float, int]]:
        """Value and n of each metric, for two annotators."""
        table = agreement(annotators, GROUP_OF)
        return {row.metric: (row.value, row.n) for row in table.itertuples()}

    def test_cells_are_matched_at_an_iou_of_a_half_with_the_senior_as_reference(self):
        expert = annotated("expert", f1=[cell(10), cell(100), cell(200)], f2=[cell(10)])
        student = annotated("student", f1=[cell(10), cell(105), cell(300)], f2=[cell(25)])
        found = self.values(("expert", expert), ("student", student))
        assert found["recall@0.5"] == (0.5, 4)
        assert found["precision@0.5"] == (0.5, 4)
        assert found["mean_iou"] == (pytest.approx((1 + 15 / 25) / 2), 2)

    def test_kappa_is_of_the_classes_of_matched_cells(self):
        labels = [("living", "living"), ("living", "dead"), ("dead", "dead"), ("dead", "dead")]
        expert = [cell(50 * n, first) for n, (first, _) in enumerate(labels)]
        student = [cell(50 * n, second) for n, (_, second) in enumerate(labels)]
        student.append(cell(900, "dead"))
        found = self.values(
            ("expert", annotated("expert", f1=expert)),
            ("student", annotated("student", f1=student)),
        )
        assert found["kappa"] == (pytest.approx(cohen_kappa_score(*zip(*labels, strict=True))), 4)

    def test_the_boxes_that_overlap_most_are_paired_first(self):
        expert = annotated("expert", f1=[cell(10, "dead")])
        student = annotated("student", f1=[cell(5, "living"), cell(11, "dead")])
        found = self.values(("expert", expert), ("student", student))
        assert found["mean_iou"] == (pytest.approx(19 / 21), 1)

    def test_only_fields_that_both_have_looked_at_count(self):
        expert = annotated("expert", f1=[cell(10)], f2=[cell(10)], f3=[])
        student = annotated("student", f1=[cell(10)], f3=[cell(10)], f4=[cell(10)])
        table = agreement([("expert", expert), ("student", student)], GROUP_OF)
        assert set(table["n_fields"]) == {2}
        found = dict(zip(table["metric"], table["value"], strict=True))
        assert (found["recall@0.5"], found["precision@0.5"]) == (1, 0.5)

    def test_annotators_who_share_no_field_agree_on_nothing(self, tmp_path):
        pair = [("a", annotated("a", f1=[cell(10)])), ("b", annotated("b", f2=[cell(10)]))]
        table = agreement(pair, GROUP_OF)
        assert table["value"].isna().all()
        assert (table["n"] == 0).all()
        storage.write(table, tmp_path / "agreement.tsv", AGREEMENT)

    def test_every_pair_is_compared_once_with_the_more_senior_one_as_reference(self):
        three = [(name, annotated(name, f1=[cell(10)], f2=[])) for name in ("a", "b", "c")]
        table = agreement(three, GROUP_OF)
        pairs = table[["reference", "annotator"]].drop_duplicates()
        assert list(pairs.itertuples(index=False, name=None)) == [
            ("a", "b"),
            ("a", "c"),
            ("b", "c"),
        ]

    def test_intervals_are_those_of_student_over_groups(self):
        random = np.random.default_rng(0)
        places = {f"f{n}": [cell(40 * k) for k in range(6)] for n in range(1, 9)}
        found = {
            name: [one for one in drawn if random.random() < 0.7] for name, drawn in places.items()
        }
        pair = [("a", annotated("a", **places)), ("b", annotated("b", **found))]
        table = agreement(pair, GROUP_OF)
        recall = table.set_index("metric").loc["recall@0.5"]
        shares = [len(found[name]) / 6 for name in found]
        assert recall["value"] == pytest.approx(np.mean(shares))
        assert min(shares) < recall["ci_low"] < recall["value"] < recall["ci_high"] < max(shares)
        # t of 7 degrees of freedom on either side of the mean of 8 fields
        width = 2 * 2.365 * np.std(shares, ddof=1) / np.sqrt(8)
        assert recall["ci_high"] - recall["ci_low"] == pytest.approx(width, rel=0.05)

    def test_one_field_has_no_interval(self):
        one = annotated("a", f1=[cell(10)])
        table = agreement([("a", one), ("b", one)], GROUP_OF)
        assert table["ci_low"].isna().all()


def test_annotators_are_compared_where_both_drew_all_cells():
    outside = Region((2000, 10, 2020, 30), "dead")
    expert = annotated("expert", f1=[cell(10), cell(50)], f2=[cell(10), cell(50)])
    student = annotated("student", f1=[cell(10), cell(50)], f2=[cell(10), outside])
    table = agreement([("expert", expert), ("student", student)], GROUP_OF)
    found = table.set_index("metric").loc["recall@0.5"]
    assert (found["value"], found["n_fields"]) == (1, 1)
