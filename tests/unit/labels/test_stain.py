"""Means of a stain in raw counts, over boxes and over masks."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from cellpheno.annotations.formats import object_masks, registry
from cellpheno.annotations.regions import FieldNames
from cellpheno.core.errors import StudyError
from cellpheno.labels import stain
from cellpheno.tables.columns import BOX_COLUMNS

PLAIN = stain.Settings("stain", "none", 5)


@pytest.fixture
def field(tmp_path):
    """A field of 6 x 8 px of 16 bits, its left half 300 counts and its right half 1000."""
    image = np.full((6, 8), 300, np.uint16)
    image[:, 4:] = 1000
    tifffile.imwrite(tmp_path / "a_stain.tif", image)
    return {"field": "a", "stain": str(tmp_path / "a_stain.tif")}


def boxes(*rows, field="a"):
    frame = pd.DataFrame(rows, columns=BOX_COLUMNS, dtype=float)
    return frame.assign(field=field, score=1.0)


def write_mask(path, inside):
    Image.fromarray(inside.astype(np.uint8) * 255).save(path)


def test_the_mean_is_in_raw_counts_beyond_8_bits(field):
    found = stain.measure([field], boxes([0, 0, 4, 6], [4, 0, 8, 6], [2, 0, 6, 6]), PLAIN, {})
    assert found["mean"].tolist() == [300, 1000, 650]
    assert found["n_pixels"].tolist() == [24, 24, 24]


def test_half_pixels_of_a_box_count_and_what_lies_outside_the_field_does_not(field):
    found = stain.measure([field], boxes([-3, 2.5, 1.2, 3.1], [7.5, 5, 20, 20]), PLAIN, {})
    assert found["n_pixels"].tolist() == [4, 1]


def test_the_background_of_the_whole_field_is_taken_off(field):
    median = stain.Settings("stain", "median", 5)
    found = stain.measure([field], boxes([4, 0, 8, 6]), median, {})
    # 24 pixels of 300 and 24 of 1000: the median lies between
    assert found[["background", "value"]].to_numpy().tolist() == [[650, 350]]
    low = stain.Settings("stain", "percentile", 5)
    assert stain.measure([field], boxes([0, 0, 4, 6]), low, {})["value"].tolist() == [0]


def test_fields_without_candidates_are_not_opened(field):
    other = {"field": "b", "stain": "not there.tif"}
    assert len(stain.measure([other, field], boxes([0, 0, 1, 1]), PLAIN, {})) == 1


def test_the_mean_inside_a_mask_leaves_the_rest_of_the_box_out(field, tmp_path):
    inside = np.zeros((6, 8), bool)
    inside[1, 3:6] = True  # 300, 1000, 1000
    inside[2, 5] = True  # 1000
    write_mask(tmp_path / "a_1.png", inside)
    objects = boxes([3, 1, 6, 3]).assign(area=4.0)
    masks = {"a": [tmp_path / "a_1.png"]}
    found = stain.measure([field], objects, PLAIN, {}, masks, "object_masks")
    assert found["mean"].tolist() == [825]
    assert found["n_pixels"].tolist() == [4]


def test_objects_of_one_numbered_mask_are_told_apart(field, tmp_path):
    mask = np.zeros((6, 8), np.uint8)
    mask[0, 0:2], mask[5, 6:8] = 3, 7
    Image.fromarray(mask).save(tmp_path / "a.png")
    objects = boxes([6, 5, 8, 6], [0, 0, 2, 1]).assign(area=2.0)
    found = stain.measure([field], objects, PLAIN, {}, {"a": [tmp_path / "a.png"]}, "masks")
    assert found["mean"].tolist() == [1000, 300]


def test_an_object_without_a_mask_is_refused(field, tmp_path):
    with pytest.raises(
        StudyError, match=r"object \[0.0, 0.0, 2.0, 1.0\] of the field a is in none"
    ):
        objects = boxes([0, 0, 2, 1]).assign(area=2.0)
        stain.measure([field], objects, PLAIN, {}, {}, "masks")


def test_files_with_one_cell_each_become_one_annotated_field(field, tmp_path):
    (tmp_path / "worms").mkdir()
    for number, rows in ((1, slice(0, 2)), (2, slice(1, 4))):  # they overlap
        inside = np.zeros((6, 8), bool)
        inside[rows, 2:5] = True
        write_mask(tmp_path / f"worms/a_{number:02}_truth.png", inside)
    write_mask(tmp_path / "worms/a_03_truth.png", np.zeros((6, 8), bool))
    settings = {**registry.DEFAULTS, "format": "object_masks", "suffix": "_truth", "label": "live"}
    known = FieldNames([{**field, "width": 8, "height": 6}], ["stain"])
    (image,) = registry.read([tmp_path / "worms"], settings, known)
    assert known.field(image) == "a"
    assert [region.box for region in image.regions] == [(2, 0, 5, 2), (2, 1, 5, 4)]
    assert [region.area for region in image.regions] == [6, 9]
    assert any(note.problem == "mask of a cell without a pixel" for note in image.notes)
    files = object_masks.files_of_fields([tmp_path / "worms"], settings, known)
    assert [path.name for path in files["a"]] == [f"a_{n:02}_truth.png" for n in (1, 2, 3)]


def test_a_mask_of_one_cell_without_a_number_in_its_name_is_refused(tmp_path):
    write_mask(tmp_path / "a_truth.png", np.ones((2, 2), bool))
    with pytest.raises(StudyError, match=r"named after its field and the number of the cell"):
        object_masks.read(tmp_path / "a_truth.png", "_truth")
