import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES, TRUTH
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.quality import SPLITS


def boxes(**changes):
    frame = pd.DataFrame(
        {
            "field": ["a", "b"],
            "x_min": [0, 1],
            "y_min": [0.0, 1.0],
            "x_max": [10.0, 11.0],
            "y_max": [10.0, 11.0],
            "label": ["partial", "in turn"],
            "annotator": ["expert", "expert"],
        }
    )
    return frame.assign(**changes)


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_a_table_comes_back_as_it_was_written(tmp_path, suffix):
    storage.write(boxes(), tmp_path / f"boxes{suffix}", BOXES)
    again = storage.read(tmp_path / f"boxes{suffix}", BOXES)
    pd.testing.assert_frame_equal(again, boxes(x_min=[0.0, 1.0]))


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_an_empty_table_keeps_its_columns_and_dtypes(tmp_path, suffix):
    storage.write(BOXES.empty(), tmp_path / f"boxes{suffix}", BOXES)
    again = storage.read(tmp_path / f"boxes{suffix}", BOXES)
    assert len(again) == 0
    assert again["x_min"].dtype == np.float64


def test_described_columns_come_first_and_others_are_kept(tmp_path):
    frame = boxes(extra=[1, 2])[["extra", *boxes().columns[::-1]]]
    storage.write(frame, tmp_path / "boxes.tsv", BOXES)
    assert list(storage.read(tmp_path / "boxes.tsv", BOXES)) == [*boxes().columns, "extra"]


def test_a_text_table_that_ends_within_a_line_was_cut(tmp_path):
    path = tmp_path / "boxes.tsv"
    storage.write(boxes(), path, BOXES)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StudyError, match="ends within a line: it was cut or edited"):
        storage.read(path, BOXES)


def test_words_that_look_like_missing_values_stay_words(tmp_path):
    storage.write(boxes(label=["None", "nan"]), tmp_path / "boxes.tsv", BOXES)
    assert storage.read(tmp_path / "boxes.tsv", BOXES)["label"].tolist() == ["None", "nan"]


def test_a_column_that_is_not_described_stays_text(tmp_path):
    storage.write(boxes(well=["007", "8"]), tmp_path / "boxes.tsv", BOXES)
    assert storage.read(tmp_path / "boxes.tsv", BOXES)["well"].tolist() == ["007", "8"]


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (boxes().drop(columns="label"), "lacks the column label"),
        (boxes(field=["a", None]), "no value in row 2"),
        (boxes(x_min=["left", "right"]), "float"),
    ],
)
def test_a_frame_that_is_not_such_a_table_is_refused(tmp_path, frame, word):
    with pytest.raises(StudyError, match=word):
        storage.write(frame, tmp_path / "boxes.parquet", BOXES)
    assert list(tmp_path.iterdir()) == []


def test_values_outside_their_range_or_list_are_refused(tmp_path):
    splits = pd.DataFrame({"field": ["a"], "group": ["g"], "split": ["training"], "complete": True})
    with pytest.raises(StudyError, match="'training'; allowed are train, val"):
        storage.write(splits, tmp_path / "splits.tsv", SPLITS)
    found = boxes(score=[0.5, 1.5]).drop(columns=["label", "annotator"])
    with pytest.raises(StudyError, match=r"1\.5"):
        storage.write(found, tmp_path / "found.parquet", DETECTIONS)


def test_a_key_may_stand_once(tmp_path):
    splits = pd.DataFrame(
        {"field": ["a", "a"], "group": ["g", "g"], "split": ["train", "val"], "complete": True}
    )
    with pytest.raises(StudyError, match="more than once"):
        storage.write(splits, tmp_path / "splits.tsv", SPLITS)


def test_another_table_or_another_version_is_refused_on_read(tmp_path):
    path = tmp_path / "boxes.parquet"
    storage.write(boxes(), path, BOXES)
    with pytest.raises(StudyError, match="not a truth table"):
        storage.read(path, TRUTH)
    arrow = pq.read_table(path).replace_schema_metadata({b"cellpheno": b'{"table": "boxes"}'})
    pq.write_table(arrow, path)
    with pytest.raises(StudyError, match="delete it"):
        storage.read(path, BOXES)


def cut(path, frame):
    """Write other rows into a table, all that is said of it as before."""
    before = pq.read_schema(path)
    pq.write_table(pa.Table.from_pandas(frame, before, preserve_index=False), path)


def test_a_table_that_was_cut_is_refused_on_read(tmp_path):
    storage.write(boxes(), tmp_path / "boxes.parquet", BOXES)
    cut(tmp_path / "boxes.parquet", boxes(x_min=[0.0, 1.0]).head(1))
    with pytest.raises(StudyError, match="has 1 rows, but 2 were written"):
        storage.read(tmp_path / "boxes.parquet", BOXES)


def test_rows_that_moved_to_another_field_are_refused_on_read(tmp_path):
    path = tmp_path / "boxes.parquet"
    storage.write(boxes(), path, BOXES, searched=["a", "b"])
    cut(path, boxes(x_min=[0.0, 1.0], field=["a", "a"]))
    with pytest.raises(StudyError, match="the 1 rows of the field a"):
        storage.read(path, BOXES)
    cut(path, boxes(x_min=[0.0, 1.0], field=["a", "c"]))
    with pytest.raises(StudyError, match="the 1 rows of the field b"):
        storage.read(path, BOXES)


def test_a_field_that_was_searched_and_is_empty_differs_from_one_that_was_not(tmp_path):
    paths = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    storage.write(boxes(), paths[0], BOXES, searched=["a", "b", "empty"])
    storage.write(BOXES.empty(), paths[1], BOXES, searched=["also empty"])
    fields = ["a", "also empty", "b", "empty"]
    assert storage.searched(paths[0]) == ["a", "b", "empty"]
    assert len(storage.read_searched(paths, BOXES, fields, "qc/fields.tsv")) == 2
    with pytest.raises(StudyError, match=r"lacks 1 of the 5 fields of qc/fields.tsv .*first: new"):
        storage.read_searched(paths, BOXES, [*fields, "new"], "qc/fields.tsv")
    with pytest.raises(
        StudyError, match=r"contains 1 fields that .* does not contain .*first: empty"
    ):
        storage.read_searched(paths, BOXES, fields[:-1], "qc/fields.tsv")
    with pytest.raises(StudyError, match="3 fields more than once"):
        storage.read_searched([*paths, paths[0]], BOXES, fields, "qc/fields.tsv")


def test_rows_of_a_field_that_was_not_searched_are_not_written(tmp_path):
    with pytest.raises(StudyError, match="rows of the field b"):
        storage.write(boxes(), tmp_path / "boxes.parquet", BOXES, searched=["a"])


def test_a_table_that_does_not_say_what_was_searched_is_refused(tmp_path):
    storage.write(boxes(), tmp_path / "boxes.parquet", BOXES)
    with pytest.raises(StudyError, match="does not record which fields were searched"):
        storage.searched(tmp_path / "boxes.parquet")


def test_stacking_no_tables_gives_the_empty_table():
    assert list(storage.concatenate([], BOXES)) == list(BOXES.empty())
    assert len(storage.concatenate([boxes(), BOXES.empty(), boxes()], BOXES)) == 4


def test_an_array_that_does_not_belong_to_its_table_is_refused(tmp_path):
    array, table = tmp_path / "crops.npy", tmp_path / "boxes.parquet"
    storage.write(boxes(), table, BOXES)
    np.save(array, np.arange(2))
    assert len(storage.read_with_array(array, table, BOXES)[0]) == 2
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(StudyError, match=r"crops\.npy is truncated"):
        storage.read_with_array(array, table, BOXES)
    np.save(array, np.arange(1))
    with pytest.raises(StudyError, match=r"crops\.npy has 1 rows, but .* has 2"):
        storage.read_with_array(array, table, BOXES)
