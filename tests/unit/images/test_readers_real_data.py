"""Files as laboratories publish them: pixels and metadata."""

import collections
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from one_channel import read_channel
from PIL import Image

from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.conversion import Converter
from cellpheno.images.reading.readers import read_field

pytestmark = pytest.mark.real_data
NO_STACK = {"z_stack": "refuse"}


@pytest.fixture
def data() -> Path:
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    return Path(folder)


def of_one_file(path, **planes):
    """Return the channels that planes of one file are."""
    row = dict.fromkeys(planes, str(path))
    return read_field(row, list(planes), {**NO_STACK, "planes": planes})


def test_every_tile_of_the_living_dead_cells_is_read_in_its_own_depth(data):
    paths = sorted(data.glob("ldc/images/*.png"))
    modes = collections.Counter(Image.open(path).mode for path in paths)
    channels = [read_channel(path) for path in paths]
    depths = collections.Counter(channel.dtype.name for channel in channels)
    assert modes == {"L": 1035, "I;16": 41}
    assert depths == {"uint8": 1035, "uint16": 41}
    assert {channel.shape for channel in channels} == {(220, 220), (200, 200)}


def test_the_six_channels_of_a_16_bit_field_keep_their_depth(data):
    paths = sorted(data.glob("multichannel/pediatric_1080/orig/*.tiff"))
    row = {f"ch{number}": str(path) for number, path in enumerate(paths, 1)}
    field = read_field(row, list(row), NO_STACK)
    assert len(field.channels) == 6
    for name, channel in field.channels.items():
        assert (channel.shape, channel.dtype) == ((1080, 1080), np.uint16)
        np.testing.assert_array_equal(channel, tifffile.imread(row[name]))
    assert max(channel.max() for channel in field.channels.values()) > 255
    assert np.isnan(field.pixel_size_um)  # 155 pixels per cm are none of a microscope


@pytest.mark.parametrize("bits", ["all", "top_byte"])
def test_the_six_channels_are_composed_in_every_input_setting_of_cca(data, tmp_path, bits):
    paths = sorted(data.glob("multichannel/pediatric_1080/orig/*.tiff"))
    stains = [f"fluorescence-{number}" for number in range(1, 6)]
    row = {"field": "f", **dict(zip(["brightfield", *stains], map(str, paths), strict=True))}
    channels = [name for name in row if name != "field"]
    settings = {"rescale": "percentile", "percentiles": [0.5, 99.8], "window": {}, "bits": bits}
    colours = dict.fromkeys(("red", "green", "blue"), "brightfield")
    converter = Converter(channels, {**colours, **settings})
    store.write(tmp_path / "s.npz", converter.images([row]), channels, ["brightfield"] * 3)
    assert converter.table()["verdict"].tolist() == ["ok"]
    [(_, every)] = store.read(tmp_path / "s.npz", channels=channels)
    for seen in (
        ["brightfield"] * 3,
        ["brightfield", "brightfield", stains[0]],  # as published (C14)
        ["brightfield"] * 3 + stains[:1],
        ["brightfield"] * 3 + stains,
    ):
        [(_, image)] = store.read(tmp_path / "s.npz", channels=seen)
        assert image.shape == (1080, 1080, len(seen))
        for plane, name in enumerate(seen):
            np.testing.assert_array_equal(image[..., plane], every[..., channels.index(name)])
    grey_levels = [len(np.unique(every[..., plane])) for plane in range(6)]
    assert min(grey_levels) > 100 if bits == "all" else min(grey_levels) < 40  # C46


def test_two_channels_of_an_imagej_file_are_read_by_number(data):
    path = data / "multichannel/xyc_8bit__membranes_nuclei_big.tif"
    with pytest.raises(StudyError, match="number 1 to 2"):
        read_channel(path)
    field = of_one_file(path, membrane=1, nucleus=2)
    both = np.stack(list(field.channels.values()))
    np.testing.assert_array_equal(both, tifffile.imread(path))
    assert field.pixel_size_um == pytest.approx(1 / 1.930868)
    small = of_one_file(path.with_name("xyc_8bit__membranes_nuclei.tif"), membrane=1, nucleus=2)
    assert small.channels["nucleus"].shape == (354, 475)
    assert np.isnan(small.pixel_size_um)


def test_the_three_dyes_of_a_field_lie_in_files_of_their_own(data):
    folder = data / "multichannel/nf1/images"
    row = {"dapi": folder / "B7_01_1_3_DAPI_001.tif", "gfp": folder / "B7_01_2_3_GFP_001.tif"}
    row["rfp"] = folder / "B7_01_3_3_RFP_001.tif"
    field = read_field({name: str(path) for name, path in row.items()}, list(row), NO_STACK)
    assert {channel.shape for channel in field.channels.values()} == {(904, 1224)}
    assert all(channel.max() > 255 for channel in field.channels.values())


def test_red_and_green_of_a_crop_are_its_two_markers(data):
    path = min(data.glob("h2b_crops/**/*.png"))
    field = of_one_file(path, h2b="red", tubulin="green")
    pixels = np.asarray(Image.open(path).convert("RGB"))
    np.testing.assert_array_equal(field.channels["h2b"], pixels[..., 0])
    np.testing.assert_array_equal(field.channels["tubulin"], pixels[..., 1])


def test_the_wells_of_bbbc010_are_read_in_pairs(data):
    wells = collections.defaultdict(dict)
    for path in sorted(data.glob("bbbc010/images/*.tif")):
        well, wave = path.name.split("_")[6:8]
        wells[well][wave] = str(path)
    assert len(wells) == 24
    for row in wells.values():
        field = read_field(row, ["w1", "w2"], NO_STACK)
        for channel in field.channels.values():
            assert (channel.shape, channel.dtype) == ((520, 696), np.uint16)
        assert field.pixel_size_um == pytest.approx(6.25)
