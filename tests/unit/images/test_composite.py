"""From channels to the 0-255 image: ranges, rescaling, colours, and a whole field."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from cellpheno.core.errors import StudyError
from cellpheno.images import composite
from cellpheno.images.conversion import Converter
from cellpheno.images.quality.histogram import histogram
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY

NOISE = np.random.default_rng(0).poisson(900, (40, 50)).astype(np.uint16)
SETTINGS = {
    "red": "actin",
    "green": "actin",
    "blue": "dapi",
    "rescale": "percentile",
    "percentiles": [0.5, 99.8],
    "window": {},
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("percent", [0, 0.5, 37.3, 50, 99.8, 100])
def test_percentiles_are_those_of_numpy(dtype, percent):
    channel = (NOISE - 700).astype(dtype)
    expected = np.percentile(channel.astype(np.float64), percent)
    assert histogram(channel).percentile(percent) == pytest.approx(expected, abs=1e-9)


def test_mean_and_extremes_are_those_of_numpy():
    values = histogram(NOISE)
    assert values.mean == pytest.approx(NOISE.mean())
    assert (values.minimum, values.maximum) == (NOISE.min(), NOISE.max())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_pixel_is_counted_once_under_its_own_value(dtype):
    channel = (NOISE - 700).astype(dtype).T  # not contiguous in memory
    values, counts = np.unique(channel, return_counts=True)
    counted = histogram(channel)
    assert counted.values.dtype == dtype
    assert (counted.values.tolist(), counted.counts.tolist()) == (values.tolist(), counts.tolist())


def test_more_pixels_of_one_value_than_a_float32_can_count_are_counted_right():
    channel = np.full((4097, 4099), 12, np.uint8)
    channel[0, 0] = 13
    assert histogram(channel).counts.tolist() == [4097 * 4099 - 1, 1]


def test_the_rule_image_goes_from_smallest_to_largest():
    assert composite.channel_range(histogram(NOISE), "image") == (NOISE.min(), NOISE.max())


def test_the_rule_window_is_the_same_for_every_field():
    assert composite.channel_range(histogram(NOISE), "window", fixed=[100, 4000]) == (100, 4000)


def test_a_channel_without_a_window_is_named_before_any_field_is_read():
    settings = {**SETTINGS, "rescale": "window", "window": {"actin": [0, 100]}}
    with pytest.raises(StudyError, match="dapi"):
        Converter(["actin", "dapi"], settings)


def test_percentiles_that_coincide_give_way_to_the_extremes():
    sparse = np.zeros((100, 100), np.uint16)
    sparse[0, :5] = 300
    assert composite.channel_range(histogram(sparse), "percentile") == (0, 300)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_rescaling_maps_the_range_to_0_255_and_clips_what_lies_beyond(dtype):
    channel = np.array([[0, 50, 70, 150, 200]], dtype=dtype)
    rescaled = composite.rescale(channel, 50, 150)
    assert rescaled.dtype == np.uint8
    assert rescaled.tolist() == [[0, 0, 51, 255, 255]]


def test_every_one_of_sixteen_bits_counts_before_rescaling():
    channel = np.arange(32768, 32768 + 256, dtype=np.uint16).reshape(16, 16)
    assert len(np.unique(composite.rescale(channel, 32768, 32768 + 255))) == 256


def test_integers_and_the_same_numbers_as_floating_point_give_the_same_pixels():
    low, high = 850.25, 961.5
    np.testing.assert_array_equal(
        composite.rescale(NOISE, low, high), composite.rescale(NOISE.astype(np.float32), low, high)
    )


def test_values_in_the_upper_half_of_sixteen_bits_do_not_wrap_around():
    channel = np.array([[0, 32768, 65535]], dtype=np.uint16)
    assert composite.rescale(channel, 0, 65535).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_constant_channel_gives_zeros(dtype):
    channel = np.full((3, 4), 7, dtype)
    low, high = composite.channel_range(histogram(channel), "percentile")
    assert not composite.rescale(channel, low, high).any()


def test_each_colour_shows_its_channel_and_one_channel_may_serve_several():
    channels = {"actin": np.full((2, 3), 10, np.uint8), "dapi": np.full((2, 3), 20, np.uint8)}
    image = composite.compose(channels, SETTINGS)
    assert image.shape == (2, 3, 3)
    assert image[0, 0].tolist() == [10, 10, 20]


@pytest.fixture
def row(tmp_path):
    """A field of two channels on disk."""
    tifffile.imwrite(tmp_path / "actin.tif", NOISE)
    cv2.imwrite(str(tmp_path / "dapi.png"), NOISE[::-1])
    files = {"actin": str(tmp_path / "actin.tif"), "dapi": str(tmp_path / "dapi.png")}
    return {"field": "f1", "condition": "mock", "replicate": "1", "group": "w1", **files}


def test_a_field_is_converted_and_its_range_recorded(row):
    converter = Converter(["actin", "dapi"], SETTINGS)
    [(field, image)] = list(converter.images([row]))
    record = converter.table().iloc[0]
    low, high = np.percentile(NOISE, [0.5, 99.8])
    assert field == "f1"
    assert image.shape == (40, 50, 2)  # every channel once, whatever the composite shows twice
    np.testing.assert_array_equal(image[..., 0], image[::-1, :, 1])
    assert record["verdict"] == "ok"
    assert (record["actin_low"], record["actin_high"]) == pytest.approx((low, high))
    assert (record["height"], record["width"], record["rescale"]) == (40, 50, "percentile")


def counts(*values):
    return np.array([values], np.uint16)


FILES = {"hoechst": "dyes.tif", "red": "dyes.tif", "bf": "bf.tif"}
CHANNELS = {"hoechst": counts(0, 51, 204), "red": counts(50, 300, 340), "bf": counts(1, 2, 900)}


@pytest.mark.parametrize(
    ("rescale", "bits", "expected"),
    [
        ("image", "all", [0, 64, 255]),
        ("file", "all", [0, 38, 153]),  # of 340, the largest value of both dyes
        ("image", "top_byte", [0, 0, 0]),
        ("none", "top_byte", [0, 0, 0]),
    ],
)
def test_a_plane_is_rescaled_as_its_input_says(rescale, bits, expected):
    how = {"channel": "hoechst", "rescale": rescale, "bits": bits}
    assert composite.plane(CHANNELS, how, FILES, (0, 100), {}).tolist() == [expected]


def test_without_rescaling_bytes_are_those_of_the_file():
    how = {"channel": "bf", "rescale": "none", "bits": "top_byte"}
    for channel, expected in (
        (counts(0, 255, 256, 3743, 65535), [0, 0, 1, 14, 255]),
        (np.array([[0, 14, 255]], np.uint8), [0, 14, 255]),
        (np.array([[-3, 0.4, 14, 999]], np.float32), [0, 0, 14, 255]),
    ):
        found = composite.plane({"bf": channel}, how, FILES, (0, 100), {})
        assert found.tolist() == [expected]


def test_a_field_has_its_channels_first_and_then_what_inputs_add(row):
    plain = Converter(["actin", "dapi"], SETTINGS)
    how = {"channel": "dapi", "rescale": "none", "bits": "top_byte"}
    added = Converter(["actin", "dapi"], SETTINGS, planes={"dapi (none)": how})
    [(_, before)], [(_, after)] = (list(each.images([row])) for each in (plain, added))
    assert list(added.planes) == ["actin", "dapi", "dapi (none)"]
    np.testing.assert_array_equal(after[..., :2], before)
    np.testing.assert_array_equal(after[..., 2], NOISE[::-1] // 256)
    assert added.table().equals(plain.table())


COLOURS = ("red", "green", "blue")
AUTO = {"rescale": "auto", "percentiles": [0, 100], "window": {}}


def converted(path, channels=COLOURS, **further):
    """Return image and record of one file whose channels are its planes, by the rule `auto`."""
    converter = Converter(list(channels), AUTO, **further)
    [(_, image)] = converter.images([{"field": "f1", **dict.fromkeys(channels, str(path))}])
    return image, converter.table().iloc[0]


def test_a_photograph_is_left_as_it_is_unless_it_is_grey_or_of_sixteen_bits(tmp_path):
    grey = np.arange(50, 170, dtype=np.uint8).reshape(10, 12)
    photograph = np.dstack([grey, grey[::-1], grey + np.uint8(30)])
    Image.fromarray(photograph).save(tmp_path / "a.png")
    image, record = converted(tmp_path / "a.png")
    np.testing.assert_array_equal(image, photograph)
    assert record[["rescale", "red_low", "blue_high"]].tolist() == ["none", 0, 255]
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "grey.png")
    tifffile.imwrite(tmp_path / "deep.tif", photograph.astype(np.uint16), photometric="rgb")
    for name in ("grey.png", "deep.tif"):
        image, record = converted(tmp_path / name)
        assert image[..., 0].min() == 0
        assert image[..., 0].max() == 255
        assert record["rescale"] == "percentile"


def test_an_input_inherits_the_rule_that_a_field_takes(tmp_path):
    photograph = np.arange(60, 150, dtype=np.uint8).reshape(5, 6, 3)
    Image.fromarray(photograph).save(tmp_path / "a.png")
    planes = {"red (top_byte)": {"channel": "red", "rescale": "auto", "bits": "top_byte"}}
    image, _ = converted(tmp_path / "a.png", planes=planes)
    np.testing.assert_array_equal(image[..., 3], photograph[..., 0])


def test_the_content_distinguishes_fields_by_every_channel(row, tmp_path):
    tifffile.imwrite(tmp_path / "other.tif", NOISE + 1)
    rows = [row, {**row, "field": "f2"}, {**row, "field": "f3", "actin": f"{tmp_path}/other.tif"}]
    converter = Converter(["actin", "dapi"], SETTINGS)
    assert len(list(converter.images(rows))) == 3
    content = converter.table()["content"].tolist()
    assert content[0] == content[1]
    assert content[0] != content[2]


def test_channels_of_unequal_size_and_unreadable_files_set_the_field_aside(row, tmp_path):
    tifffile.imwrite(tmp_path / "small.tif", NOISE[:10])
    (tmp_path / "broken.tif").write_bytes(b"II*\0 broken")
    rows = [
        {**row, "field": "small", "actin": str(tmp_path / "small.tif")},
        {**row, "field": "broken", "actin": str(tmp_path / "broken.tif")},
        row,
    ]
    converter = Converter(["actin", "dapi"], SETTINGS)
    assert [name for name, _ in converter.images(rows)] == ["f1"]
    verdicts = converter.table().set_index("field")["verdict"]
    assert "50 x 10" in verdicts["small"]
    assert "broken.tif" in verdicts["broken"]
    assert verdicts["f1"] == "ok"


def test_a_shard_without_any_readable_field_still_has_its_table(row, tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0 broken")
    converter = Converter(["actin", "dapi"], SETTINGS)
    assert not list(converter.images([{**row, "actin": str(tmp_path / "broken.tif")}]))
    storage.write(converter.table(), tmp_path / "quality.tsv", QUALITY)
    assert "broken.tif" in storage.read(tmp_path / "quality.tsv", QUALITY)["verdict"][0]


def test_the_top_byte_alone_leaves_the_grey_levels_that_the_published_decoding_leaves():
    counts = np.arange(4096, dtype=np.uint16).reshape(64, 64)  # a camera of 12 bits
    assert len(np.unique(composite.top_byte(counts))) == 16
    assert composite.top_byte(np.array([[255, 256, 511, 65535]], np.uint16)).tolist() == [
        [0, 256, 256, 65280]
    ]
    for kept in (counts.astype(np.uint8), counts.astype(np.float32)):
        assert composite.top_byte(kept) is kept


@pytest.mark.parametrize("bits", ["all", "top_byte"])
def test_a_field_is_converted_with_all_bits_or_the_upper_ones(row, bits):
    counts = np.arange(4000, dtype=np.uint16).reshape(40, 100)
    tifffile.imwrite(row["actin"], counts)
    cv2.imwrite(row["dapi"], counts[::-1])
    settings = {**SETTINGS, "rescale": "image", "bits": bits}
    converter = Converter(["actin", "dapi"], settings)
    [(_, image)] = list(converter.images([row]))
    assert len(np.unique(image[..., 0])) == (256 if bits == "all" else 16)
    assert (image[..., 0].min(), image[..., 0].max()) == (0, 255)
    high = converter.table().loc[0, "actin_high"]
    assert high == (3999 if bits == "all" else 3840)  # in counts, whatever was kept of them
