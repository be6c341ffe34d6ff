"""The range of a channel over a whole study, from counts of one shard after the other."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from cellpheno.images import study_range
from cellpheno.images.conversion import Converter
from cellpheno.images.quality.histogram import coarse, histogram
from cellpheno.tables import storage
from cellpheno.tables.quality import VALUES

RNG = np.random.default_rng(0)
PERCENTILES = [0.5, 99.8]
SETTINGS = {
    "red": "actin",
    "green": "actin",
    "blue": "dapi",
    "rescale": "study",
    "percentiles": PERCENTILES,
    "window": {},
}


@pytest.fixture
def fields():
    """Three fields of different brightness and size; every channel of its own kind."""
    return {
        name: {
            "actin": RNG.poisson(light, (30, 20 + k)).astype(np.uint16),
            "dapi": RNG.gamma(2, light, (30, 20 + k)).astype(np.float32),
        }
        for k, (name, light) in enumerate({"f1": 500, "f2": 2000, "f3": 40000}.items())
    }


@pytest.fixture
def rows(fields, tmp_path):
    for name, channels in fields.items():
        for channel, pixels in channels.items():
            tifffile.imwrite(tmp_path / f"{name}_{channel}.tif", pixels)
    return [
        {"field": name, **{c: str(tmp_path / f"{name}_{c}.tif") for c in ("actin", "dapi")}}
        for name in fields
    ]


def count(rows):
    return study_range.count(rows, ["actin", "dapi"], {})


def pixels_of(fields, channel):
    return np.concatenate([field[channel].ravel() for field in fields.values()])


def test_the_range_holds_the_percentiles_of_the_pixels_of_all_fields(fields, rows):
    shards = [count(rows[:2]), count(rows[2:])]
    ranges = study_range.choose(shards, PERCENTILES).set_index("channel")
    low, high = np.percentile(pixels_of(fields, "actin").astype(np.float64), PERCENTILES)
    assert tuple(ranges.loc["actin"]) == pytest.approx((low, high), abs=1e-9)
    low, high = np.percentile(pixels_of(fields, "dapi").astype(np.float64), PERCENTILES)
    assert tuple(ranges.loc["dapi"]) == pytest.approx((low, high), rel=2**-15)


def test_how_fields_are_dealt_to_shards_does_not_matter(rows):
    together = study_range.choose([count(rows)], PERCENTILES)
    alone = study_range.choose([count([row]) for row in rows], PERCENTILES)
    pd.testing.assert_frame_equal(together, alone)


def test_integers_are_counted_exactly(fields, rows):
    counted = count(rows)
    actin = counted[counted["channel"] == "actin"]
    values, counts = np.unique(pixels_of(fields, "actin"), return_counts=True)
    assert actin["value"].tolist() == values.tolist()
    assert actin["pixels"].tolist() == counts.tolist()


def test_floating_point_numbers_lose_less_than_one_in_32768_and_counts_below_65536_nothing():
    numbers = RNG.normal(0, 1000, (300, 300)).astype(np.float32)
    lost = np.abs(numbers - coarse(numbers))
    assert (lost < np.abs(numbers) / 32768).all()
    assert lost.any()
    counts = np.arange(65536, dtype=np.float32).reshape(256, 256)
    np.testing.assert_array_equal(coarse(counts), counts)


def test_the_summary_of_floating_point_numbers_does_not_grow_with_the_pixels():
    many = RNG.uniform(1, 2, (2000, 1000)).astype(np.float32)
    assert len(histogram(many).values) > 10 * 32768
    assert len(histogram(coarse(many)).values) == 32768


def test_a_field_that_cannot_be_read_is_not_counted(rows, tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0 broken")
    tifffile.imwrite(tmp_path / "small.tif", np.full((3, 4), 65535, np.uint16))
    broken = {**rows[0], "actin": str(tmp_path / "broken.tif")}
    unequal = {**rows[0], "actin": str(tmp_path / "small.tif")}
    pd.testing.assert_frame_equal(count([broken, *rows, unequal]), count(rows))


def test_a_study_without_a_readable_field_has_no_range_and_leaves_the_reasons_to_the_conversion(
    rows, tmp_path
):
    broken = {**rows[0], "actin": str(tmp_path / "missing.tif")}
    counted = count([broken])
    storage.write(counted, tmp_path / "values.parquet", VALUES)
    assert study_range.choose([counted], PERCENTILES).empty
    converter = Converter(["actin", "dapi"], SETTINGS, ranges={})
    assert list(converter.images([broken])) == []
    assert "missing.tif" in converter.table().loc[0, "verdict"]


def test_every_field_is_rescaled_by_the_range_of_the_study_and_it_is_recorded(fields, rows):
    ranges = {"actin": (500, 1520), "dapi": (0, 2550)}
    converter = Converter(["actin", "dapi"], SETTINGS, ranges=ranges)
    images = dict(converter.images(rows))
    record = converter.table()
    assert record["rescale"].tolist() == ["study"] * 3
    assert record["actin_low"].tolist() == [500] * 3
    assert record["actin_high"].tolist() == [1520] * 3
    expected = np.clip((fields["f2"]["actin"].astype(float) - 500) / 4, 0, 255)
    assert np.abs(images["f2"][..., 0] - expected).max() <= 0.5
    assert (images["f3"][..., 0] == 255).all()
