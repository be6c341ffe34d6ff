"""What only some studies ask for of their raw fields: one range for all, pictures to annotate."""

import cv2
import pandas as pd
import pytest

TARGET = "results/small/qc/fields.tsv"


@pytest.fixture
def study(small_study):
    small_study.config["composite"]["rescale"] = "study"
    return small_study.write()


def test_every_field_is_rescaled_by_the_range_chosen_from_all_shards(study):
    study.snakemake(TARGET)
    ranges = pd.read_csv(study.results / "qc/ranges.tsv", sep="\t").set_index("channel")
    fields = pd.read_csv(study.results / "qc/fields.tsv", sep="\t")
    assert set(fields["rescale"]) == {"study"}
    assert list(ranges.index) == study.config["channels"]
    for channel, (low, high) in ranges.iterrows():
        assert low < high
        assert set(fields[f"{channel}_low"]) == {low}
        assert set(fields[f"{channel}_high"]) == {high}


def test_other_percentiles_choose_the_ranges_again_and_count_nothing_again(study):
    study.snakemake(TARGET)
    study.config["composite"]["percentiles"] = [1, 99]
    study.write()
    planned = study.planned(TARGET)
    assert planned == {"choose_ranges": 1, "convert_fields": 2, "judge_fields": 1}


def test_a_study_rescaled_by_field_counts_nothing_before(small_study):
    assert not {"count_values", "choose_ranges"} & set(small_study.planned(TARGET))


def test_the_annotators_view_is_drawn_by_request_only_one_picture_per_field(small_study):
    assert "draw_annotator_view" not in small_study.planned()
    small_study.snakemake("annotator_view")
    for shard, fields in {"shard-000": 4, "shard-001": 3}.items():
        pictures = list((small_study.results / "annotator_view" / shard).glob("*.png"))
        assert len(pictures) == fields
        assert cv2.imread(str(pictures[0])).shape == (96, 128, 3)
