"""Limits from the config or the study, and the reasons for which a field is set aside."""

import itertools
import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from one_channel import read_channel

from cellpheno.core.errors import StudyError
from cellpheno.images.composite import channel_range, rescale
from cellpheno.images.quality import limits, measures, verdicts
from cellpheno.images.quality.histogram import histogram
from cellpheno.tables import storage
from cellpheno.tables.quality import LIMITS, QUALITY

CHANNELS = ["actin", "dapi"]
SETTINGS = {
    "on_bad": "set_aside",
    "max_saturated_fraction": 0.02,
    "min_contrast": "robust",
    "min_detail": "robust",
    "min_focus": None,
    "min_background": "robust",
    "max_background": "robust",
    "pixel_size_um": "robust",
    "empty_contrast": 3.0,
    "compare_channels": True,
    "robust_sds": 6.0,
    "robust_min_fields": 10,
}
USUAL = {
    "actin": {"mean": 420, "background": 200, "signal": 1000, "contrast": 80, "detail": 0.2},
    "dapi": {"mean": 150, "background": 110, "signal": 800, "contrast": 110, "detail": 0.04},
}


def study(number: int = 24, conditions: int = 2) -> pd.DataFrame:
    """Sound fields f0, f1, .. with numbers that scatter by a tenth, dealt to the conditions."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"field": [f"f{n}" for n in range(number)]})
    frame["condition"] = [f"c{n % conditions}" for n in range(number)]
    frame = frame.assign(replicate="r1", group="g1", verdict="ok", pixel_size_um=0.65)
    frame = frame.assign(saturated_fraction=0.0, focus=50.0, height=512.0, width=640.0)
    for channel, numbers in USUAL.items():
        for name, value in {**numbers, "noise": 8.0, "focus": 50.0}.items():
            frame[f"{channel}_{name}"] = value * np.exp(random.normal(0, 0.1, number))
        frame[f"{channel}_saturated_fraction"] = random.uniform(0, 1e-3, number)
        frame[f"{channel}_bits"] = 16.0
    return frame


def judged(fields: pd.DataFrame, **changed) -> pd.DataFrame:
    settings = {**SETTINGS, **changed}
    found = limits.find(fields, settings, CHANNELS)
    return verdicts.judge(fields, found, settings, CHANNELS).set_index("field")


def verdict(row: int, numbers: dict, fields: pd.DataFrame | None = None, **changed) -> str:
    """Return the verdict on one field of a sound study that has these numbers instead."""
    fields = study() if fields is None else fields
    for name, value in numbers.items():
        fields.loc[row, name] = value
    result = judged(fields, **changed)
    assert (result["verdict"].drop(f"f{row}") == "ok").all()
    return result.loc[f"f{row}", "verdict"]


def test_sound_fields_are_used():
    assert (judged(study())["verdict"] == "ok").all()
    assert (judged(study())["remark"] == "").all()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("dapi_saturated_fraction", 0.3, "over-exposed: 0.3 of the pixels of dapi saturated"),
        ("dapi_contrast", 8, "under-exposed: dapi has a contrast to noise of 8, limit "),
        ("dapi_contrast", 1.3, "blank channel: dapi has a contrast to noise of 1.3, other"),
        ("actin_detail", 0.002, "out of focus: share of fine detail of actin 0.002, limit "),
        ("actin_background", 800, "bright background: actin has 800 counts, limit "),
        ("actin_background", 20, "dark background: actin has 20 counts, limit "),
        ("pixel_size_um", 0.325, "pixels of 0.325 um, expected 0.65 um"),
    ],
)
def test_a_field_unlike_the_others_is_set_aside_with_number_and_limit(name, value, reason):
    assert verdict(7, {name: value}).startswith(reason)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("contrast", 0.3), ("detail", 0.3), ("background", 1.5), ("background", 0.6)],
)
def test_a_change_that_harms_nothing_sets_no_field_aside(name, factor):
    fields = study()
    fields.loc[3, f"actin_{name}"] *= factor
    assert (judged(fields)["verdict"] == "ok").all()


def test_large_dark_cells_in_bright_field_are_no_dark_background():
    fields = study()
    light = fields.loc[7, "actin_background"] + fields.loc[7, "actin_signal"]
    dark = {"actin_background": 20.0, "actin_signal": light - 20.0}
    assert verdict(7, dark, fields) == "ok"
    assert verdict(7, dark, fields, min_background=50).startswith("dark background")


def test_several_reasons_stand_side_by_side():
    reasons = verdict(7, {"actin_detail": 0.002, "dapi_background": 900.0}).split("; ")
    assert [reason.split(":")[0] for reason in reasons] == ["out of focus", "bright background"]


def test_what_several_channels_have_in_common_is_said_once():
    reason = verdict(7, {"actin_saturated_fraction": 0.3, "dapi_saturated_fraction": 0.2})
    assert reason == (
        "over-exposed: 0.3 of the pixels of actin saturated, limit 0.02; "
        "0.2 of the pixels of dapi saturated, limit 0.02"
    )


def test_a_blank_or_saturated_channel_has_no_further_reason():
    assert "; " not in verdict(7, {"dapi_contrast": 1.3, "dapi_background": 900.0})
    assert "; " not in verdict(7, {"dapi_saturated_fraction": 0.4, "dapi_background": 900.0})


def test_a_field_in_which_no_channel_shows_anything_is_empty():
    blank = {"actin_contrast": 1.4, "dapi_contrast": 1.2, "actin_detail": np.nan}
    assert verdict(7, blank) == "empty: no channel has a contrast to noise above 1.4, limit 3"
    off = verdict(7, blank, empty_contrast=None)
    assert off.startswith("under-exposed: actin has a contrast to noise of 1.4, limit ")


FAULTS = {
    "over-exposed": {"dapi_saturated_fraction": 0.3},
    "empty": {"actin_contrast": 1.4, "dapi_contrast": 1.2},
    "blank channel": {"actin_contrast": 1.3},
    "out of focus": {"actin_detail": 0.002},
    "bright background": {"dapi_background": 900.0},
    "pixels of": {"pixel_size_um": 0.325},
}


@pytest.mark.parametrize("others", itertools.permutations(FAULTS, 2), ids="-".join)
@pytest.mark.parametrize("shared", ["by one field", "by a condition"])
def test_over_exposure_and_fixed_limits_are_reasons_whatever_else_a_field_shows(others, shared):
    fields = study(40, conditions=5)
    rows = fields["condition"].eq("c3") if shared == "by a condition" else fields["field"].eq("f8")
    for fault in others:
        for name, value in FAULTS[fault].items():
            fields.loc[rows, name] = value
    found = judged(fields, min_detail=0.01, max_background=700.0)[rows.to_numpy()]
    for fault in {"over-exposed", "out of focus", "bright background", "pixels of"} & {*others}:
        assert found["verdict"].str.contains(fault).all()
    if "over-exposed" in others:
        assert not found["verdict"].str.contains("empty").any()


def test_saturated_fields_that_look_empty_are_set_aside_although_most_of_a_condition_are():
    fields = study(40, conditions=5)
    rows = fields["condition"] == "c3"
    for name, value in FAULTS["empty"].items():
        fields.loc[rows, name] = value
    assert (judged(fields)["verdict"] == "ok").all()
    fields.loc[rows, "actin_saturated_fraction"] = 1.0
    assert judged(fields)[rows.to_numpy()]["verdict"].str.startswith("over-exposed: 1 of").all()


def test_a_fixed_limit_is_a_reason_in_a_channel_that_is_blank_in_a_whole_condition():
    fields = study(40, conditions=5)
    rows = fields["condition"] == "c3"
    fields.loc[rows, ["dapi_contrast", "dapi_detail"]] = [1.3, 0.001]
    found = judged(fields, min_detail=0.005)[rows.to_numpy()]
    assert found["verdict"].str.startswith("out of focus: share of fine detail of dapi").all()


def test_limits_fixed_by_the_config_hold_however_few_the_fields():
    reason = verdict(2, {"actin_contrast": 9.0}, study(4), min_contrast=10.0)
    assert reason == "under-exposed: actin has a contrast to noise of 9, limit 10"


def test_a_limit_of_null_is_off():
    off = dict.fromkeys(("min_contrast", "min_detail", "max_background", "empty_contrast"))
    numbers = {"actin_contrast": 1.0, "actin_detail": 0.001, "actin_background": 5000.0}
    assert verdict(7, numbers, **off, max_saturated_fraction=None) == "ok"


def swap(fields: pd.DataFrame, row: int) -> pd.DataFrame:
    """Exchange the two channels of a field."""
    numbers = [name.removeprefix("actin_") for name in fields if name.startswith("actin_")]
    for name in numbers:
        pair = [f"actin_{name}", f"dapi_{name}"]
        fields.loc[row, pair] = fields.loc[row, pair[::-1]].to_numpy()
    return fields


def test_swapped_channels_are_named():
    assert verdict(7, {}, swap(study(), 7)) == (
        "channels look swapped: actin holds what dapi holds elsewhere, dapi holds what actin "
        "holds elsewhere"
    )
    assert (judged(swap(study(), 7), compare_channels=False)["verdict"] == "ok").all()


def test_channels_that_look_alike_are_never_taken_for_swapped():
    fields = study()
    for name in USUAL["actin"]:
        fields[f"dapi_{name}"] = fields[f"actin_{name}"] * 1.02
    assert (judged(swap(fields, 7))["verdict"] == "ok").all()


def test_one_picture_in_two_channels_is_noticed():
    fields = study()
    for name in [*USUAL["actin"], "noise"]:
        fields.loc[7, f"actin_{name}"] = fields.loc[7, f"dapi_{name}"]
    assert verdict(7, {}, fields) == "one picture in two channels: actin and dapi are alike"


def test_what_most_fields_of_a_condition_have_in_common_is_biology_and_only_remarked_on():
    fields = study(40, conditions=5)
    treated = fields["condition"] == "c3"
    fields.loc[treated, "dapi_contrast"] = 1.3
    fields.loc[3, "actin_detail"] = 0.002
    result = judged(fields)
    assert list(result.index[result["verdict"] != "ok"]) == ["f3"]
    assert "blank" not in result.loc["f3", "verdict"]
    kept = result[treated.to_numpy()].drop("f3")
    assert kept["remark"].str.startswith("blank channel: dapi").all()
    assert kept["remark"].str.contains("as most fields of its condition").all()
    assert (result["remark"][~treated.to_numpy()] == "").all()


def test_saturation_and_pixel_size_are_no_biology():
    for name, value in (("actin_saturated_fraction", 0.2), ("pixel_size_um", 0.325)):
        fields = study(40, conditions=5)
        fields.loc[fields["condition"] == "c3", name] = value
        assert (judged(fields).query("condition == 'c3'")["verdict"] != "ok").all()


def test_the_background_of_a_day_is_its_own_but_its_focus_is_not():
    fields = study(48, conditions=2)
    fields["replicate"] = [f"r{n // 2 % 6}" for n in range(48)]
    of_the_day = fields["replicate"] == "r4"
    for name, value, kept in (("background", 900.0, True), ("detail", 0.002, False)):
        changed = fields.copy()
        changed.loc[of_the_day, f"actin_{name}"] = value
        result = judged(changed).query("replicate == 'r4'")
        assert (result["verdict"] == "ok").eq(kept).all()
        assert (result["remark"] != "").eq(kept).all()


def test_a_condition_of_one_field_excuses_nothing():
    fields = study()
    fields.loc[7, "condition"] = "alone"
    assert "out of focus" in verdict(7, {"actin_detail": 0.002}, fields)


def test_with_few_fields_a_robust_limit_judges_nothing_and_says_so():
    fields = study(9)
    fields.loc[3, ["actin_detail", "dapi_contrast", "pixel_size_um"]] = [0.001, 4.0, 0.1]
    swap(fields, 5)
    assert (judged(fields)["verdict"] == "ok").all()
    found = limits.find(fields, SETTINGS, CHANNELS).set_index(["key", "channel"])
    assert found.loc[("min_detail", "actin"), "how"] == limits.TOO_FEW
    assert np.isnan(found.loc[("min_detail", "actin"), "limit"])
    assert found.loc[("max_saturated_fraction", "actin"), "how"] == limits.FIXED


def test_pixel_sizes_are_held_against_the_config_or_the_study_and_unknown_ones_are_not_judged():
    fields = study().assign(pixel_size_um=np.nan)
    assert (judged(fields, pixel_size_um=0.65)["verdict"] == "ok").all()
    fields.loc[7, "pixel_size_um"] = 0.652
    assert (judged(fields, pixel_size_um=0.65)["verdict"] == "ok").all()
    assert verdict(7, {"pixel_size_um": 1.3}, fields, pixel_size_um=0.65).startswith("pixels of")


def test_where_pixel_sizes_are_mixed_none_of_them_is_wrong():
    fields = study()
    fields.loc[::3, "pixel_size_um"] = 0.325
    assert (judged(fields)["verdict"] == "ok").all()
    found = limits.find(fields, SETTINGS, CHANNELS).set_index("key")
    assert found.loc["pixel_size_um", "how"] == limits.VARIED


def test_fields_of_8_and_of_16_bits_are_compared_by_their_share_of_full_scale():
    fields = study()
    for name in ("mean", "background", "signal", "noise"):
        fields.loc[::5, f"actin_{name}"] *= 255 / 65535
    fields.loc[::5, "actin_bits"] = 8.0
    assert (judged(fields)["verdict"] == "ok").all()


def test_the_robust_limit_is_not_moved_by_the_bad_fields_themselves():
    sound = limits.find(study(), SETTINGS, CHANNELS).set_index(["key", "channel"])["limit"]
    fields = study()
    fields.loc[:5, "actin_detail"] = 1e-5
    spoilt = limits.find(fields, SETTINGS, CHANNELS).set_index(["key", "channel"])["limit"]
    assert spoilt["min_detail", "actin"] == pytest.approx(sound["min_detail", "actin"], rel=0.3)


def test_limits_make_a_table_that_is_read_back(tmp_path):
    found = limits.find(study(), SETTINGS, CHANNELS)
    storage.write(found, tmp_path / "limits.tsv", LIMITS)
    read = storage.read(tmp_path / "limits.tsv", LIMITS)
    pd.testing.assert_frame_equal(read[found.columns], found)


def test_numbers_read_from_a_file_are_judged_the_same(tmp_path):
    fields = study()
    fields.loc[7, "actin_detail"] = 0.002
    storage.write(fields, tmp_path / "fields.tsv", QUALITY)
    read = storage.read(tmp_path / "fields.tsv", QUALITY)
    pd.testing.assert_series_equal(judged(read)["verdict"], judged(fields)["verdict"])


def test_an_unreadable_field_keeps_its_reason_and_counts_for_nothing():
    fields = study(11)
    numbers = [name for name in fields if fields[name].dtype.kind == "f"]
    fields.loc[4, numbers] = np.nan
    fields.loc[4, "verdict"] = "actin.tif is empty (0 bytes)."
    result = judged(fields)
    assert result.loc["f4", "verdict"] == "actin.tif is empty (0 bytes)."
    assert (result["verdict"].drop("f4") == "ok").all()


def test_reasons_that_are_sentences_are_listed_without_their_full_stops():
    fields = study()
    fields.loc[[2, 5], "verdict"] = "a.tif holds a stack; set image_files.z_stack to channels."
    with pytest.raises(StudyError, match=r"to channels; f5: a\.tif .* to channels\); replace"):
        judged(fields, on_bad="stop")


def test_on_bad_stop_names_the_fields():
    fields = study()
    fields.loc[[2, 5], "actin_saturated_fraction"] = 0.5
    with pytest.raises(StudyError, match=r"2 of 24 .*f2: over-exposed.*f5: over-exposed"):
        judged(fields, on_bad="stop")


def test_a_study_without_one_good_field_is_an_error():
    unread = study(3)[["field", "condition", "replicate"]].assign(verdict="broken.tif is empty")
    with pytest.raises(StudyError, match="3 of 3 fields"):
        judged(unread)


def real_study(pattern: str, *words: str) -> list[dict[str, np.ndarray]]:
    """Return the channels of each field of a real study, files sorted by name."""
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    paths = [sorted(Path(folder).glob(pattern.format(word))) for word in words]
    assert paths[0]
    return [
        {channel: read_channel(path) for channel, path in zip(CHANNELS, field, strict=False)}
        for field in zip(*paths, strict=True)
    ]


def measured(pictures: list[dict[str, np.ndarray]]) -> pd.DataFrame:
    """Return the quality table of fields, all of one condition, not yet judged."""
    records = []
    for number, channels in enumerate(pictures):
        record = {"field": f"f{number}", "verdict": "ok", "condition": "all", "replicate": "r1"}
        for name, channel in channels.items():
            values = histogram(channel)
            low, high = channel_range(values, "percentile")
            record |= measures.measure(name, channel, values, rescale(channel, low, high))
        records.append(record)
    return pd.DataFrame(records)


def set_aside(fields: pd.DataFrame, channels: list[str]) -> list[str]:
    found = limits.find(fields, SETTINGS, channels)
    verdict = verdicts.judge(fields, found, SETTINGS, channels).set_index("field")["verdict"]
    return list(verdict.index[verdict != "ok"])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("pattern", "words", "most"),
    [
        ("bbbc010/images/*_{}_*.tif", ("w1", "w2"), 0),
        ("nucleusseg/images/*{}", ("",), 0),
        ("ldc/images/*{}", ("",), 4),  # two are empty, one nearly so, one is blurred
    ],
)
def test_next_to_no_sound_real_field_is_set_aside(pattern, words, most):
    pictures = real_study(pattern, *words)
    assert len(set_aside(measured(pictures), CHANNELS[: len(words)])) <= most


def blurred(channel: np.ndarray) -> np.ndarray:
    """Return a channel out of focus, with the noise of a sharp one."""
    noise, _ = measures.spectrum(channel)
    light = cv2.GaussianBlur(channel.astype(np.float64), (0, 0), 4.0)
    light += np.random.default_rng(0).normal(0, noise, channel.shape)
    return np.clip(np.rint(light), 0, 65535).astype(channel.dtype)


@pytest.mark.real_data
def test_spoilt_real_fields_are_set_aside_and_no_others():
    pictures = real_study("bbbc010/images/*_{}_*.tif", "w1", "w2")
    actin, dapi = CHANNELS
    pictures[3] = {name: blurred(channel) for name, channel in pictures[3].items()}
    pictures[9] = {actin: pictures[9][dapi], dapi: pictures[9][actin]}
    pictures[12][actin] = np.random.default_rng(0).normal(90, 4, (520, 696)).astype(np.uint16)
    pictures[17][dapi] = pictures[17][actin]
    assert set_aside(measured(pictures), CHANNELS) == ["f3", "f9", "f12", "f17"]


def test_a_grey_picture_among_pictures_in_colour_is_no_picture_in_two_channels():
    fields = study()
    for name in [*USUAL["actin"], "noise"]:
        fields.loc[7, f"actin_{name}"] = fields.loc[7, f"dapi_{name}"]
    fields.columns = fields.columns.str.replace("actin", "red").str.replace("dapi", "green")
    colours = ["red", "green"]
    found = limits.find(fields, SETTINGS, colours)
    assert "one picture" in verdicts.judge(fields, found, SETTINGS, colours)["verdict"][7]
    fields = fields.assign(red=fields["field"] + ".png", green=fields["field"] + ".png")
    assert (verdicts.judge(fields, found, SETTINGS, colours)["verdict"] == "ok").all()
