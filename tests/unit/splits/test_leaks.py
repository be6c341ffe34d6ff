"""The leak gate refuses what shows the same on both sides, and names it."""

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.splits import assign, leaks
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.quality import LEAKS

SETTINGS = {"by": "group", "track_frames": None, "track_distance": None}
REAL_DATA = Path(os.environ.get("CELLPHENO_REAL_DATA", "none"))


def picture(seed: int, size: int = 80) -> np.ndarray:
    random = np.random.default_rng(seed)
    return cv2.normalize(
        cv2.GaussianBlur(random.normal(size=(size, size, 3)), (0, 0), 5),
        None,
        0,
        255,
        cv2.NORM_MINMAX,
    ).astype(np.uint8)


def make_fields(n: int, **columns) -> pd.DataFrame:
    names = [f"f{row:02d}" for row in range(n)]
    return pd.DataFrame(
        {
            "field": names,
            "group": names,
            "content": names,
            "verdict": "ok",
            "split": "",
            **columns,
        }
    )


def pictures_of(fields: pd.DataFrame, images: list[np.ndarray]) -> dict[str, leaks.Pictures]:
    names = fields["field"].to_numpy(dtype=object)
    none = np.full(len(names), "", dtype=object)
    return {leaks.IMAGE: leaks.Pictures(names, none, leaks.thumbnails(images))}


@pytest.fixture
def study():
    """Thirty fields, of which f03 and f29 show the same, flipped."""
    fields = make_fields(30)
    images = [picture(seed) for seed in range(29)]
    return fields, [*images, np.ascontiguousarray(images[3][:, ::-1])]


def test_a_flipped_field_is_found_and_named(study):
    fields, images = study
    [pair] = leaks.between_fields(fields, pictures_of(fields, images), SETTINGS).to_dict("records")
    assert {pair["first"], pair["second"]} == {"f03", "f29"}
    assert pair["kind"] == "near-duplicate image"
    assert pair["turn"] == "flipped"
    assert pair["similarity"] > pair["limit"]


def test_fields_of_one_group_or_of_equal_bytes_need_no_other_finding(study):
    fields, images = study
    for column in ("group", "content"):
        same = fields.copy()
        same.loc[29, column] = same.loc[3, column]
        pairs = leaks.between_fields(same, pictures_of(same, images), SETTINGS)
        assert pairs.empty


def test_neighbours_in_time_are_found(study):
    fields, images = study
    movie = fields.assign(sequence=["m"] * 2 + [""] * 28, frame=["1", "2"] + [""] * 28)
    pairs = leaks.between_fields(movie, pictures_of(movie, images), SETTINGS)
    assert pairs["kind"].tolist() == ["near-duplicate image", "tracked"]
    assert pairs.iloc[1][["first", "second"]].tolist() == ["f00", "f01"]


def test_a_cell_seen_in_two_fields_is_found_where_cells_are_looked_at(tmp_path):
    fields = make_fields(30)
    images = [picture(seed, 240) for seed in range(30)]
    images[8][100:180, 40:120] = images[2][20:100, 130:210]  # fields that overlap
    store.write(tmp_path / "shard.npz", zip(fields["field"], images, strict=True))
    boxes = pd.DataFrame(
        [("f02", 150, 40, 190, 80), ("f08", 60, 120, 100, 160)]
        + [(name, 20, 20, 60, 60) for name in fields["field"]],
        columns=["field", *BOX_COLUMNS],
    ).astype(dict.fromkeys(BOX_COLUMNS, float))
    shards = [tmp_path / "shard.npz"]
    whole = {leaks.IMAGE: leaks.whole_fields(shards, fields["field"])}
    assert leaks.between_fields(fields, whole, SETTINGS).empty
    both = {**whole, leaks.CELLS: leaks.cells(shards, boxes)}
    [pair] = leaks.between_fields(fields, both, SETTINGS).to_dict("records")
    assert (pair["first"], pair["first_box"]) == ("f02", "150, 40, 190, 80")
    assert (pair["second"], pair["second_box"]) == ("f08", "60, 120, 100, 160")
    assert pair["kind"] == "near-duplicate cell"


def test_cells_of_fields_that_are_the_same_are_not_named_one_by_one(study):
    fields, images = study
    pictures = pictures_of(fields, images)
    pictures[leaks.CELLS] = pictures[leaks.IMAGE]
    pairs = leaks.between_fields(fields, pictures, SETTINGS)
    assert pairs["kind"].tolist() == ["near-duplicate image"]


def test_only_fields_that_learn_or_are_measured_are_looked_at():
    fields = make_fields(5, split=["", "predict", "test", "", ""])
    fields.loc[4, "verdict"] = "over-exposed"
    annotated = pd.DataFrame({"field": ["f00", "f01", "f04"]})
    assert leaks.learning(fields, annotated)["field"].tolist() == ["f00", "f02"]


def leaking(kind: str = "near-duplicate image") -> pd.DataFrame:
    similarity = np.nan if kind == "tracked" else 0.97
    row = {"first": "f03", "second": "f29", "kind": kind, "turn": "flipped", "limit": 0.8}
    row |= {"first_box": "", "second_box": ""}
    return pd.DataFrame([{**row, "similarity": similarity}])


def test_a_pair_on_both_sides_is_refused_by_name_with_what_to_do():
    pairs = leaks.with_splits(
        leaking(), pd.DataFrame({"field": ["f03", "f29"], "split": ["train", "test"]})
    )
    with pytest.raises(
        StudyError,
        match=r"1 pair of fields .*f03 in train and f29 in test \(near-duplicate image, flipped, "
        r"0.970 alike\).* pairs.tsv lists them.*keep_together.*splits.known_pairs",
    ):
        leaks.judge(pairs, "fields", "refuse", "pairs.tsv lists them")


def test_a_pair_in_one_split_is_no_leak():
    pairs = leaks.with_splits(
        leaking(), pd.DataFrame({"field": ["f03", "f29"], "split": ["test", "test"]})
    )
    leaks.judge(pairs, "fields", "refuse", "pairs.tsv lists them")


def test_a_field_that_is_not_used_is_no_leak_and_too_many_are_refused():
    unused = pd.DataFrame({"field": ["f03", "f29"], "split": ["unused", "test"]})
    leaks.judge(leaks.with_splits(leaking(), unused), "fields", "leave_out", "all in pairs.tsv")
    used = pd.DataFrame({"field": ["f03", "f29"], "split": ["val", "test"]})
    with pytest.raises(StudyError, match="Too many fields would have to be left out"):
        leaks.judge(leaks.with_splits(leaking(), used), "fields", "leave_out", "all in pairs.tsv")


def test_pairs_that_fixed_splits_keep_apart_are_named_with_what_fixes_them():
    pairs = leaks.with_splits(
        leaking(), pd.DataFrame({"field": ["f03", "f29"], "split": ["train", "test"]})
    )
    with pytest.raises(StudyError, match="splits.lists or the column split fixes both"):
        leaks.judge(pairs, "fields", "keep_together", "pairs.tsv lists them")


def test_a_doubtful_pair_counts_where_pairs_are_kept_together_only():
    doubtful = leaking().assign(limit=0.99)
    assert len(leaks.counted(doubtful, "keep_together", None)) == 1
    assert leaks.counted(doubtful, "refuse", None).empty
    assert len(leaks.counted(leaking("tracked"), "refuse", None)) == 1


def test_a_known_pair_passes_whichever_is_first_and_an_unknown_one_does_not(tmp_path):
    known = tmp_path / "known.tsv"
    pairs = pd.concat(
        [leaking(), leaking().assign(first_box="1, 2, 3, 4", second_box="5, 6, 7, 8")]
    )
    known.write_text("first\tfirst_box\tsecond\tsecond_box\nf29\t5, 6, 7, 8\tf03\t1, 2, 3, 4\n")
    assert leaks.counted(pairs, "refuse", known)["first_box"].tolist() == [""]
    known.write_text("second\tfirst\nf29\tf03\n")
    assert leaks.counted(pairs, "refuse", known).empty


def test_rows_of_the_table_of_leaks_are_rows_of_the_file_of_known_pairs(tmp_path):
    crops, table = make_crops(["train"] * 30 + ["test"] * 10)
    pairs = leaks.between_crops(crops, table, table["split"])
    storage.write(pairs, tmp_path / "leaks.tsv", LEAKS)
    assert leaks.counted(pairs, "refuse", tmp_path / "leaks.tsv").empty


def test_known_pairs_that_are_not_found_are_a_warning(tmp_path, caplog):
    known = tmp_path / "known.tsv"
    known.write_text("first\tsecond\nf03\tf29\nf01\tf02\n")
    leaks.report_unfound(leaking(), known)
    assert "1 of 2 pairs" in caplog.text
    assert "line 3" in caplog.text


def test_leaks_that_are_allowed_are_reported(caplog):
    pairs = leaks.with_splits(
        leaking("tracked"), pd.DataFrame({"field": ["f03", "f29"], "split": ["train", "test"]})
    )
    leaks.judge(pairs, "fields", "allow", "pairs.tsv lists them")
    assert "f03 in train and f29 in test (tracked)" in caplog.text


def make_crops(split: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Forty crops, of which the last is the first, turned."""
    crops = np.stack([picture(seed) for seed in range(39)])
    crops = np.concatenate([crops, np.rot90(crops[:1], 1, (1, 2))])
    box = dict(zip(BOX_COLUMNS, (1.0, 2.0, 31.0, 42.0), strict=True))
    fields = [f"f{row}" for row in range(40)]
    return crops, pd.DataFrame({"field": fields, **box, "label": "a", "split": split})


def test_a_crop_that_is_in_the_test_set_again_is_named_by_field_and_box():
    crops, table = make_crops(["train"] * 30 + ["test"] * 10)
    [pair] = leaks.between_crops(crops, table, table["split"]).to_dict("records")
    names = {pair["first"]: pair["first_split"], pair["second"]: pair["second_split"]}
    assert names == {"f0": "train", "f39": "test"}
    assert pair["first_box"] == pair["second_box"] == "1, 2, 31, 42"


def test_crops_of_one_side_may_be_alike():
    crops, table = make_crops(["train"] * 39 + ["val"])
    sides = table["split"].replace("val", "train")
    assert leaks.between_crops(crops, table, sides).empty
    assert len(leaks.between_crops(crops, table, table["split"])) == 1


def test_pairs_can_be_written_as_a_table(tmp_path):
    crops, table = make_crops(["train"] * 30 + ["test"] * 10)
    pairs = leaks.between_crops(crops, table, table["split"])
    for frame in (pairs, pairs.head(0)):
        storage.write(frame, tmp_path / "leaks.tsv", LEAKS)
        assert len(storage.read(tmp_path / "leaks.tsv", LEAKS)) == len(frame)


@pytest.fixture(scope="module")
def h2b():
    """The 1,548 crops of a movie, each a field: 573 flipped copies, and cells seen many times."""
    folder = REAL_DATA / "h2b_crops"
    if not folder.is_dir():
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    index = pd.read_csv(folder / "index.csv").sort_values("file", ignore_index=True)
    fields = make_fields(
        len(index),
        field=[f"f{row:04d}" for row in range(len(index))],
        group=index["position"],
        content=index["file"],
        sequence=index["position"],
        **{column: index[column].str[1:] for column in ("x", "y")},
        frame=index["time"].str[1:],
    )
    files = [str(folder / file) for file in index["file"]]
    images = leaks.thumbnails(cv2.imread(file)[..., ::-1] for file in files)
    annotated = fields[["field"]].assign(complete=True)
    boxes = pd.DataFrame({"field": fields["field"], "label": index["class"]})
    names = fields["field"].to_numpy(dtype=object)
    none = np.full(len(names), "", dtype=object)
    return index, fields, {leaks.IMAGE: leaks.Pictures(names, none, images)}, annotated, boxes


FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
TRACKED = {"track_frames": 5, "track_distance": 15}


@pytest.fixture(scope="module")
def alike_or_tracked(h2b):
    """Every pair of the movie's crops that shows the same, whichever way it is divided."""
    _, fields, images, *_ = h2b
    pairs = leaks.between_fields(fields, images, {"by": "field", **TRACKED})
    return leaks.counted(pairs, "refuse", None)


def divided(h2b, pairs: pd.DataFrame, by: str, fields: pd.DataFrame, together=()) -> pd.DataFrame:
    _, _, _, annotated, boxes = h2b
    result = assign.assign(fields, annotated, boxes, by, FRACTIONS, 0, together=together)
    return leaks.with_splits(pairs, result)


@pytest.mark.real_data
def test_a_random_split_of_a_movie_is_refused_for_its_flips_and_tracked_cells(
    h2b, alike_or_tracked
):
    index, fields, *_ = h2b
    pairs = divided(h2b, alike_or_tracked, "field", fields)
    across = pairs[pairs["first_split"] != pairs["second_split"]]
    assert (across["kind"] == "tracked").sum() > 200
    alike = across[across["kind"] == "near-duplicate image"]
    row = dict(zip(fields["field"], index.index, strict=True))
    of_crop = index["source_crop"].to_numpy()
    same = of_crop[alike["first"].map(row)] == of_crop[alike["second"].map(row)]
    assert same.sum() > 200
    assert (~same).sum() > 100
    with pytest.raises(StudyError, match=r"near-duplicate image, flipped.*\(tracked\)"):
        leaks.judge(pairs, "fields", "refuse", "pairs.tsv lists them")


@pytest.mark.real_data
def test_every_flipped_copy_in_a_movie_is_found(h2b, alike_or_tracked):
    index, fields, *_ = h2b
    pairs = alike_or_tracked
    row = dict(zip(fields["field"], index.index, strict=True))
    alike = pairs[pairs["kind"] == "near-duplicate image"]
    found = set(zip(*(alike[end].map(row) for end in ("first", "second")), strict=True))
    whole = dict(zip(index["file"], range(len(index)), strict=True))
    folder = REAL_DATA / "h2b_crops"
    turned = {"lr": 1, "tb": 0, "tblr": -1}
    copies = 0
    for copy in index[index["flip"].notna()].itertuples():
        original = copy.file.split(".png")[0] + ".png"
        same = cv2.flip(cv2.imread(str(folder / original)), turned[copy.flip])
        if np.array_equal(same, cv2.imread(str(folder / copy.file))):
            copies += 1
            pair = (whole[original], copy.Index)
            assert {pair, pair[::-1]} & found, copy.file
    assert copies == 569


@pytest.mark.real_data
def test_a_split_of_a_movie_by_its_positions_is_accepted(h2b, alike_or_tracked):
    _, fields, *_ = h2b
    pairs = divided(h2b, alike_or_tracked, "group", fields)
    assert len(pairs) > 1000
    leaks.judge(pairs, "fields", "refuse", "pairs.tsv lists them")


@pytest.mark.real_data
def test_pairs_of_a_movie_that_are_kept_together_leave_no_leak(h2b, alike_or_tracked):
    _, fields, *_ = h2b
    pairs = alike_or_tracked
    together = list(zip(pairs["first"], pairs["second"], strict=True))
    divided_pairs = divided(h2b, pairs, "field", fields, together)
    leaks.judge(divided_pairs, "fields", "refuse", "pairs.tsv lists them")
    sides = divided_pairs[["first_split", "second_split"]].to_numpy().ravel()
    assert set(sides) == {"train", "val", "test"}
