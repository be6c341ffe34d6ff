"""Naming schemes of microscopes, each with file names from its documentation."""

import re

import pytest

from cellpheno.core import wells
from cellpheno.core.errors import StudyError
from cellpheno.sheets import matching, schemes

EXAMPLES = [(scheme, path) for scheme in schemes.SCHEMES for path in scheme.examples]


@pytest.mark.parametrize(("scheme", "path"), EXAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_each_example_fits_its_scheme_and_no_other(scheme, path):
    assert [one.name for one in schemes.SCHEMES if schemes.fits(one, [path])] == [scheme.name]


def found(name: str, path: str) -> dict[str, str]:
    (match,), _ = matching.match([path], schemes.by_name(name).compiled(), {})
    return dict(match.found)


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        (
            "imagexpress",
            "Week1/Week1_150607_B02_s1_w107447158-AC92-4844-8374-8E5B7EEA0FAC.tif",
            {
                "folder": "Week1",
                "plate": "Week1_150607",
                "well": "B02",
                "field": "s1",
                "channel": "w1",
            },
        ),
        (
            "imagexpress",
            "plate/TimePoint_1/ZStep_2/a01_s1_w1.TIF",
            {
                "plate": "plate",
                "time": "1",
                "z": "2",
                "well": "A01",
                "field": "s1",
                "channel": "w1",
            },
        ),
        (
            "imagexpress",
            "1536_S05_s12_w3.tif",
            {"plate": "1536", "well": "S05", "field": "s12", "channel": "w3"},
        ),
        (
            "opera",
            "BR00116991__2020/Images/r28c10f02p03-ch5sk1fk1fl1.tiff",
            {
                "plate": "BR00116991__2020/Images",
                "well": "AB10",
                "field": "f02",
                "z": "03",
                "channel": "ch5",
                "time": "1",
            },
        ),
        (
            "cellvoyager",
            "20200812-Cycle1_B03_T0002F036L01A01Z18C01.png",
            {
                "plate": "20200812-Cycle1",
                "well": "B03",
                "time": "0002",
                "field": "F036",
                "z": "18",
                "channel": "C01",
            },
        ),
        (
            "incell",
            "A - 01(fld 1 wv UV - DAPI z 3 time 2 - 2636ms).tif",
            {"well": "A01", "field": "1", "channel": "UV - DAPI", "z": "3", "time": "2"},
        ),
        (
            "incell",
            "C - 6(fld 1 wv TL-Brightfield - Cy3 wix 2).tif",
            {"well": "C06", "field": "1", "channel": "TL-Brightfield - Cy3"},
        ),
        (
            "arrayscan",
            "MFGTMP_140206180002_A01f00d2.TIF",
            {"plate": "MFGTMP_140206180002", "well": "A01", "field": "f00", "channel": "d2"},
        ),
        (
            "cytation",
            "B2_-1_2_4_Stitched[DAPI 377,447]_001.tif",
            {"well": "B02", "field": "4", "channel": "Stitched[DAPI 377,447]", "time": "001"},
        ),
        (
            "scanr",
            "data/B2--W00014--P00003--Z00000--T00000--TRITC.tif",
            {
                "plate": "data",
                "well": "B02",
                "field": "W00014--P00003",
                "z": "00000",
                "time": "00000",
                "channel": "TRITC",
            },
        ),
        (
            "leica_matrix",
            "image--L0000--S00--U01--V02--J08--E00--O00--X03--Y04--T0000--Z00--C01.ome.tif",
            {
                "plate": "S00",
                "well": "U01--V02",
                "field": "X03--Y04",
                "time": "0000",
                "z": "00",
                "channel": "C01",
            },
        ),
        (
            "micromanager",
            "Pos0/img_000000000_Cy 5_003.tif",
            {"field": "Pos0", "time": "000000000", "channel": "Cy 5", "z": "003"},
        ),
        (
            "cellcognition",
            "tubulin_P0040_T00003_Cgfp_Z1_S1.tif",
            {"plate": "tubulin", "field": "P0040", "time": "00003", "channel": "gfp", "z": "1"},
        ),
    ],
)
def test_the_parts_of_a_name(name, path, expected):
    assert found(name, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "plate_A01_s1_w1_thumb5EB7CB1A-3B5A-4A4B-9B3C-0123456789AB.tif",
        "masks/B7_01_1_3_DAPI_001_MaskNuclei.tiff",
        "r01c01f01p01-ch1sk1fk1fl1.tiff.xml",
        "Index.idx.xml",
    ],
)
def test_previews_masks_and_metadata_fit_no_scheme(path):
    assert not any(schemes.fits(scheme, [path]) for scheme in schemes.SCHEMES)


def test_the_only_scheme_that_fits_is_found():
    paths = ["notes.txt", "r03c03f03p01-ch1sk1fk1fl1.tiff"]
    assert schemes.find(paths).name == "opera"


def test_no_scheme_and_several_schemes_are_reported():
    with pytest.raises(StudyError, match=r"None of the 1 files is an image .*'image41.txt'"):
        schemes.find(["image41.txt"])
    paths = ["r03c03f03p01-ch1sk1fk1fl1.tiff", "B7_01_1_3_DAPI_001.tif", "B8_01_1_3_DAPI_001.tif"]
    with pytest.raises(StudyError, match=r"opera \(1 files\), cytation \(2 files\)"):
        schemes.find(paths)
    with pytest.raises(StudyError, match="known are auto, imagexpress"):
        schemes.by_name("imagexpres")


def test_pictures_of_no_scheme_are_plain():
    paths = ["Image_00001.jpg", "day1/a.b.ome.tif", "notes.txt"]
    assert schemes.find(paths) is schemes.PLAIN
    assert schemes.fits(schemes.PLAIN, paths) == 2


def test_plain_pictures_that_look_like_channels_are_refused_with_a_pattern_that_joins_them():
    paths = [f"f{n}_{channel}.tif" for n in (1, 2, 3) for channel in ("actin", "dapi")]
    with pytest.raises(StudyError, match=r"channel>actin\|dapi\).*--scheme plain") as refused:
        schemes.find(paths)
    pattern = str(refused.value).split("'")[3]
    assert all(re.fullmatch(pattern, path) for path in paths)
    assert schemes.find([*paths, "f4_dapi.tif"]) is schemes.PLAIN


@pytest.mark.parametrize(
    ("text", "well"),
    [("A1", "A01"), ("a01", "A01"), ("P24", "P24"), ("AF48", "AF48"), (" B-3 ", "B03")],
)
def test_a_well_has_one_name(text, well):
    assert wells.parse(text) == well


@pytest.mark.parametrize("text", ["", "A", "A0", "A49", "AG1", "12", "well 3", "A1B"])
def test_what_is_no_well(text):
    assert wells.parse(text) is None


def test_numbers_of_rows_become_letters():
    assert [wells.name(str(row), "3") for row in (1, 16, 26, 27, 32, 33, 0)] == [
        "A03",
        "P03",
        "Z03",
        "AA03",
        "AF03",
        None,
        None,
    ]
