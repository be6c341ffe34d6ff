"""Instance masks: every value except 0 is a cell; other images are refused."""

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from cellpheno.annotations.formats import masks, registry
from cellpheno.annotations.regions import Note, Region
from cellpheno.core.errors import StudyError


def two_cells(dtype: type = np.uint8, first: int = 1, second: int = 7) -> np.ndarray:
    """A mask 8 px high and 10 px wide with a 2 x 3 cell and one of five pixels."""
    mask = np.zeros((8, 10), dtype)
    mask[1:3, 2:5] = first
    mask[4:6, 7:9] = mask[6, 9] = second
    return mask


CELLS = (
    Region((2, 1, 5, 3), "", "mask", 6),
    Region((7, 4, 10, 7), "", "mask", 5),
)


@pytest.mark.parametrize(
    ("dtype", "second"),
    [(np.uint8, 255), (np.uint16, 65535), (np.uint32, 2**32 - 1), (np.int32, 2**31 - 1)],
)
def test_every_value_except_0_is_a_cell_with_its_box_and_pixels(tmp_path, dtype, second):
    tifffile.imwrite(tmp_path / "f1.tif", two_cells(dtype, second=second))
    image = masks.read(tmp_path / "f1.tif", "")
    assert (image.name, image.size, image.regions) == ("f1", (10, 8), CELLS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_reads_like_tiff(tmp_path, dtype):
    assert cv2.imwrite(str(tmp_path / "f1.png"), two_cells(dtype))
    assert masks.read(tmp_path / "f1.png", "").regions == CELLS


def test_of_a_palette_the_numbers_count_and_not_the_colours(tmp_path):
    mask = Image.fromarray(two_cells())
    mask.putpalette([0, 0, 0] + [200, 10, 10] * 255)
    mask.save(tmp_path / "f1.png")
    assert masks.read(tmp_path / "f1.png", "").regions == CELLS


def test_a_mask_without_background_loses_no_cell(tmp_path):
    mask = np.full((4, 6), 70_000, np.uint32)
    mask[:, 3:] = 80_000
    tifffile.imwrite(tmp_path / "f1.tif", mask)
    boxes = [region.box for region in masks.read(tmp_path / "f1.tif", "").regions]
    assert boxes == [(0, 0, 3, 4), (3, 0, 6, 4)]


def test_a_mask_of_background_alone_is_a_field_without_cells(tmp_path):
    tifffile.imwrite(tmp_path / "f1.tif", np.zeros((8, 10), np.uint8))
    image = masks.read(tmp_path / "f1.tif", "")
    assert image.regions == ()
    assert image.gone_through


def test_a_cell_in_pieces_counts_once_with_a_note(tmp_path):
    mask = two_cells()
    mask[0, 0] = 7
    tifffile.imwrite(tmp_path / "f1.tif", mask)
    image = masks.read(tmp_path / "f1.tif", "")
    assert image.regions[1] == Region((0, 0, 10, 7), "", "mask", 6)
    assert image.notes == (Note("cell in several pieces", "counts as one cell", 1, "value 7"),)


def test_a_lone_cell_with_a_stray_pixel_is_a_cell(tmp_path):
    mask = np.zeros((20, 20), np.uint8)
    mask[5:12, 5:12], mask[0, 0] = 3, 3
    tifffile.imwrite(tmp_path / "f1.tif", mask)
    image = masks.read(tmp_path / "f1.tif", "")
    assert [region.area for region in image.regions] == [50]
    assert image.notes[0].problem == "cell in several pieces"


def test_a_mask_without_any_background_is_reported(tmp_path):
    tifffile.imwrite(tmp_path / "f1.tif", two_cells() + np.uint8(1))
    notes = masks.read(tmp_path / "f1.tif", "").notes
    assert Note("mask without background 0", "every value is a cell", 1, "value 1") in notes


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (two_cells(first=255, second=255), "1 of its 1 values"),
        (two_cells(bool, True, True), "1 of its 1 values"),
        (two_cells(np.float32), "float32 values"),
        (two_cells(np.int16, first=-1), "the value -1"),
        (np.zeros((8, 10, 3), np.uint8), "several channels"),
        (np.zeros((2, 8, 10), np.uint16), "several channels or pages"),
    ],
)
def test_what_is_no_instance_mask_is_refused(tmp_path, mask, words):
    tifffile.imwrite(tmp_path / "f1.tif", mask)
    with pytest.raises(StudyError, match=rf"f1\.tif .*{words}"):
        masks.read(tmp_path / "f1.tif", "")


@pytest.mark.parametrize("name", ["f1.tif", "f1.png"])
@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", b"II*\0"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=rf"{name} cannot be read as"):
        masks.read(tmp_path / name, "")


def test_a_png_in_colour_is_refused(tmp_path):
    Image.fromarray(np.dstack([two_cells()] * 3)).save(tmp_path / "f1.png")
    with pytest.raises(StudyError, match=r"f1\.png holds 3 channels"):
        masks.read(tmp_path / "f1.png", "")


def test_masks_are_chosen_and_named_by_the_text_before_the_suffix(tmp_path):
    for name in ("f1_MaskNuclei.tif", "f1_MaskCells.tif", "f2_MaskNuclei.TIFF"):
        tifffile.imwrite(tmp_path / name, two_cells())
    settings = {"format": "masks", "suffix": "_MaskNuclei", "label": "nucleus"}
    images = registry.read([tmp_path], settings)
    assert [image.name for image in images] == ["f1", "f2"]
    assert {region.label for image in images for region in image.regions} == {"nucleus"}


@pytest.mark.real_data
def test_the_nuclei_of_the_published_split_are_all_there_with_their_boxes_and_areas():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    published = {
        "train": [1, 3, 7, 15, 23, 27, 28, 33, 35, 39],
        "test HepG2": [2, 4, 5, 6, *range(11, 15), *range(16, 22), 24, 25],
        "test Huh7": [26, 29, 30, 31, 32, 34, 36, 37, 38, 40, 41],
    }
    images = registry.read(
        [Path(folder, "nucleusseg/labels")], {"format": "masks", "label": "nucleus"}
    )
    found = {int(image.name): image.regions for image in images}
    counts = {split: sum(len(found[n]) for n in numbers) for split, numbers in published.items()}
    assert counts == {"train": 785, "test HepG2": 985, "test Huh7": 891}
    with Path(folder, "nucleusseg/boxes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    edges = ("xmin", "ymin", "xmax", "ymax")
    listed = sorted(
        (int(row["image"]), *(float(row[edge]) for edge in edges), float(row["area"]))
        for row in rows
    )
    assert listed == sorted(
        (number, *region.box, region.area) for number, drawn in found.items() for region in drawn
    )


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_mask_that_is_stored_turned_is_refused(tmp_path, suffix):
    path = tmp_path / f"f1.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 3
    options = {"exif": exif} if suffix == "png" else {"tiffinfo": {0x0112: 3}}
    Image.fromarray(two_cells()).save(path, **options)
    with pytest.raises(StudyError, match=rf"f1\.{suffix} is stored turned \(orientation 3\)"):
        masks.read(path, "")
