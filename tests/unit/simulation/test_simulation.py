"""The simulated study: its pixels repeat, its truth is true, its files are what they claim."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from cellpheno.core import randomness
from cellpheno.core.errors import StudyError
from cellpheno.simulation import cell_in_cell, cells, culture, drawing, lines
from cellpheno.simulation.microscope import FULL_WELL, Microscope
from cellpheno.simulation.outlines import random_outline
from cellpheno.simulation.structures import CellLine
from cellpheno.simulation.study import simulate_study
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH
from cellpheno.tables.columns import BOX_COLUMNS

CHANNELS, CLASSES = cell_in_cell.KIND.channels, list(cell_in_cell.KIND.classes)
PLANTED = {
    "partial": 0.11,
    "one-in-one": 0.13,
    "two-in-one": 0.09,
    "in turn": 0.08,
    "complicated": 0.07,
    "unclear": 0.09,
}
SETTINGS = {
    "kind": "cell_in_cell",
    "height": 160,
    "width": 192,
    "cells_per_field": 9,
    "cell_radius": 14,
    "annotated": "annotated",
    "cell_lines": {},
    "label_errors": 0.0,
    "annotators": [],
    "faults": {"overexposed": ["control-2"]},
    "replicate_spread": 0.15,
    "day_spread": 0.0,
    "frequencies": {"annotated": PLANTED, "control": PLANTED},
}
FIELDS = ["annotated-1", "annotated-2", "control-1", "control-2"]


def sheet(folder):
    return [
        {
            "field": field,
            "condition": field.split("-")[0],
            "replicate": "r1",
            "group": field,
            "split": "",
            **{channel: str(folder / f"{field}_{channel}.tif") for channel in CHANNELS},
        }
        for field in FIELDS
    ]


def simulate(folder, rows=None, settings=SETTINGS, seed=0, processes=1):
    rows = sheet(folder) if rows is None else rows
    return simulate_study(
        rows, settings, CLASSES, seed, [folder / "via_project.json"], processes=processes
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    return folder, simulate(folder)


def test_the_same_seed_gives_the_same_files_on_any_number_of_processes(simulated, tmp_path):
    folder, truth = simulated
    again = simulate(tmp_path, processes=2)
    assert contents(tmp_path) == contents(folder)
    pd.testing.assert_frame_equal(again, truth)


def test_a_field_depends_neither_on_the_order_of_the_rows_nor_on_other_fields(simulated, tmp_path):
    folder, truth = simulated
    rows = [row for row in sheet(tmp_path) if row["field"] != "annotated-1"][::-1]
    again = simulate(tmp_path, rows)
    for row in rows:
        for channel in CHANNELS:
            name = f"{row['field']}_{channel}.tif"
            assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert list(again["field"].unique()) == FIELDS[:0:-1]
    kept = again.sort_values("field", kind="stable").reset_index(drop=True)
    wanted = truth[truth["field"] != "annotated-1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, wanted)


def test_another_seed_gives_other_pixels(simulated, tmp_path):
    simulate(tmp_path, seed=1)
    before, after = contents(simulated[0]), contents(tmp_path)
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


def test_channels_are_single_16_bit_images_within_the_cameras_range(simulated):
    for row in sheet(simulated[0]):
        for channel in CHANNELS:
            image = tifffile.imread(row[channel])
            assert image.dtype == np.uint16
            assert image.shape == (160, 192)
            assert image.max() <= FULL_WELL
            assert len(np.unique(image)) > 20


def test_only_overexposed_fields_are_saturated(simulated):
    for row in sheet(simulated[0]):
        saturated = [np.mean(tifffile.imread(row[c]) == FULL_WELL) for c in CHANNELS]
        if row["field"] == "control-2":
            assert min(saturated) > 0.03
        else:
            assert max(saturated) < 0.005


def simulated_with(fault, folder):
    """Simulate the four fields, of which control-1 has a fault."""
    folder.mkdir()
    truth = simulate(
        folder, settings={**SETTINGS, "faults": {**SETTINGS["faults"], fault: ["control-1"]}}
    )
    return {c: folder / f"control-1_{c}.tif" for c in CHANNELS}, truth


def test_a_fault_changes_its_own_field_alone(simulated, tmp_path):
    sound, truth = simulated
    for fault in ("out_of_focus", "empty", "swapped", "truncated"):
        _, spoilt = simulated_with(fault, tmp_path / fault)
        changed = {
            name
            for name, content in contents(sound).items()
            if (tmp_path / fault / name).read_bytes() != content
        }
        assert {name.split("_")[0] for name in changed} == {"control-1"}, fault
        kept = ~truth["field"].eq("control-1") if fault == "empty" else slice(None)
        pd.testing.assert_frame_equal(spoilt, truth[kept].reset_index(drop=True))


def test_an_empty_field_has_light_and_noise_but_no_cells(simulated, tmp_path):
    files, truth = simulated_with("empty", tmp_path / "empty")
    assert "control-1" not in set(truth["field"])
    assert 100 < np.median(tifffile.imread(files["membrane"])) < 400
    sound = tifffile.imread(simulated[0] / "control-1_membrane.tif")
    assert tifffile.imread(files["membrane"]).std() < 0.1 * sound.std()


def detail(picture):
    """Return the contrast of structures of a few px."""
    return (gaussian_filter(picture, 1.5) - gaussian_filter(picture, 3)).std()


def test_a_field_out_of_focus_is_blurred_in_every_channel_but_not_darker(simulated, tmp_path):
    files, _ = simulated_with("out_of_focus", tmp_path / "out_of_focus")
    for channel in CHANNELS:
        sharp = tifffile.imread(simulated[0] / f"control-1_{channel}.tif").astype(float)
        blurred = tifffile.imread(files[channel]).astype(float)
        assert blurred.mean() == pytest.approx(sharp.mean(), rel=0.02)
        assert detail(blurred) < 0.4 * detail(sharp)


def test_swapped_channels_hold_each_others_pictures(simulated, tmp_path):
    files, _ = simulated_with("swapped", tmp_path / "swapped")
    for held, name in [("brightfield", "nucleus"), ("nucleus", "brightfield")]:
        assert files[name].read_bytes() == (simulated[0] / f"control-1_{held}.tif").read_bytes()


def test_a_truncated_file_holds_the_first_half(simulated, tmp_path):
    files, _ = simulated_with("truncated", tmp_path / "truncated")
    for channel in CHANNELS:
        whole = (simulated[0] / f"control-1_{channel}.tif").read_bytes()
        assert files[channel].read_bytes() == whole[: len(whole) // 2]


def test_boxes_lie_in_the_field_and_hold_more_stain_than_the_background(simulated):
    folder, truth = simulated
    storage.write(truth, folder.parent / "truth.parquet", TRUTH)
    assert (truth[["x_min", "y_min"]] >= 0).all(axis=None)
    assert (truth["x_max"] <= 192).all()
    assert (truth["y_max"] <= 160).all()
    assert (truth["x_max"] - truth["x_min"] > 4).all()
    assert (truth["y_max"] - truth["y_min"] > 4).all()
    for row in sheet(folder)[:3]:
        stain = sum(tifffile.imread(row[c]).astype(float) for c in ("membrane", "nucleus"))
        outside = np.ones(stain.shape, bool)
        boxes = truth.loc[truth["field"] == row["field"], BOX_COLUMNS].astype(int)
        means = []
        for x_min, y_min, x_max, y_max in boxes.to_numpy():
            outside[y_min:y_max, x_min:x_max] = False
            means.append(stain[y_min:y_max, x_min:x_max].mean())
        assert min(means) > 1.1 * np.median(stain[outside])


@pytest.mark.parametrize("label", CLASSES)
def test_a_box_is_tight_around_what_is_drawn(label):
    """A structure alone in a field: nothing bright outside its box, each side of it touched."""
    line = CellLine(radius=14)
    for seed in range(4):
        rng = randomness.generator(seed, label)
        structures = culture.grow([label], line, 150, 150, rng)
        layers, boxes = drawing.draw(structures, line, 150, 150, rng)
        x_min, y_min, x_max, y_max = boxes[0].astype(int)
        stain = layers.membrane + layers.nucleus
        stain = stain[drawing.MARGIN : -drawing.MARGIN, drawing.MARGIN : -drawing.MARGIN]
        within = stain[y_min:y_max, x_min:x_max].sum()
        assert within > 0.93 * stain.sum()
        if label != "unclear":
            edge = 0.12 * stain.max()
            assert stain[y_min : y_min + 5].max() > edge
            assert stain[y_max - 5 : y_max].max() > edge
            assert stain[:, x_min : x_min + 5].max() > edge
            assert stain[:, x_max - 5 : x_max].max() > edge


def parents(structure):
    return sorted(cell.parent for cell in structure.cells)


def test_structures_hold_as_many_cells_as_their_class_says():
    line = CellLine()
    for seed in range(20):
        drawn = {
            name: cells.build(name, line, randomness.generator(seed, name)) for name in CLASSES
        }
        assert all(structure.label == name for name, structure in drawn.items())
        # a second outline in a single cell is a vacuole: nothing lives in it
        assert [bool(cell.nuclei) for cell in drawn["non-CIC"].cells] in ([True], [True, False])
        assert parents(drawn["one-in-one"]) == [-1, 0]
        assert parents(drawn["two-in-one"]) == [-1, 0, 0]
        assert parents(drawn["in turn"]) == [-1, 0, 1]
        assert len(drawn["complicated"].cells) >= 4
        assert parents(drawn["partial"]) == [-1, 0]
        assert 0.3 < drawn["partial"].cells[1].cup < 1


@pytest.mark.parametrize("label", ["one-in-one", "two-in-one", "in turn", "complicated"])
def test_held_cells_lie_inside_their_holder_and_apart_from_each_other(label):
    for seed in range(20):
        structure = cells.build(label, CellLine(), randomness.generator(seed, label))
        outlines = [cell.outline for cell in structure.cells]
        for n, cell in enumerate(structure.cells):
            for m, other in enumerate(structure.cells[:n]):
                apart = np.hypot(outlines[n].x - outlines[m].x, outlines[n].y - outlines[m].y)
                if cell.parent == m:
                    assert apart + outlines[n].radius <= outlines[m].radius
                elif cell.parent == other.parent:
                    assert apart >= outlines[n].radius + outlines[m].radius


def test_outlines_are_closed_curves_around_their_mean_radius():
    outline = random_outline(np.random.default_rng(0), 3.0, -2.0, 20.0, 0.06, 0.1)
    turns = np.exp(1j * np.linspace(0, 2 * np.pi, 361)).astype(np.complex64)
    radii = outline.radii(turns)
    assert radii[0] == pytest.approx(radii[-1], abs=1e-3)
    assert radii.mean() == pytest.approx(20, rel=0.02)
    assert radii.std() > 0.5
    x, y = 3 + radii * turns.real, -2 + radii * turns.imag
    np.testing.assert_allclose(outline.distance(x, y), 0, atol=1e-3)
    assert outline.distance(np.float32([[3.0]]), np.float32([[-2.0]])) < -10


def test_planted_frequencies_are_met_within_sampling_error():
    rng = np.random.default_rng(5)
    labels = pd.Series(culture.draw_labels(PLANTED, "non-CIC", 20_000, rng))
    found = labels.value_counts(normalize=True)
    for label, planted in {**PLANTED, "non-CIC": 1 - sum(PLANTED.values())}.items():
        error = np.sqrt(planted * (1 - planted) / 20_000)
        assert abs(found[label] - planted) < 4 * error, label


def test_no_structure_is_lost_in_a_crowded_field():
    rng = randomness.generator(0, "crowded")
    labels = culture.draw_labels(PLANTED, "non-CIC", 60, rng)
    structures = culture.grow(labels, CellLine(radius=14), 160, 192, rng)
    assert [structure.label for structure in structures] == labels
    assert all(0 <= s.x <= 192 and 0 <= s.y <= 160 for s in structures)


def test_a_structure_that_others_hide_is_not_in_the_truth(tmp_path, monkeypatch):
    """Two structures at one place, of which the larger hides the smaller everywhere."""
    line = CellLine(radius=21)
    rng = randomness.generator(0, "hidden")
    large, other = culture.grow(["unclear", "non-CIC"], line, 160, 192, rng)
    x, y = large.x, large.y
    outline = dataclasses.replace(large.cells[0].outline, radius=60.0)
    large = dataclasses.replace(large, cells=[dataclasses.replace(large.cells[0], outline=outline)])
    hidden = dataclasses.replace(other, x=x, y=y)
    _, boxes = drawing.draw([large, hidden], line, 160, 192, rng)
    assert np.isfinite(boxes[0]).all()
    assert np.isnan(boxes[1]).all()

    monkeypatch.setattr(cell_in_cell, "planted_labels", lambda *_: ["unclear", "non-CIC"])
    monkeypatch.setattr(cell_in_cell, "grow", lambda *_: [large, hidden])
    truth = simulate(tmp_path, sheet(tmp_path)[:1], {**SETTINGS, "faults": {}})
    assert list(truth["label"]) == ["unclear"]
    project = json.loads((tmp_path / "via_project.json").read_text())
    (image,) = project["_via_img_metadata"].values()
    assert [r["region_attributes"]["class"] for r in image["regions"]] == ["unclear"]


def test_a_structure_seen_beyond_the_edge_alone_has_no_box():
    visible = np.zeros((30, 30), bool)
    visible[:, : drawing.MARGIN] = True
    window = (slice(0, 30), slice(0, 30))
    assert np.isnan(drawing._tight_box(visible, window, 40, 40)).all()
    visible[20, drawing.MARGIN] = True
    assert drawing._tight_box(visible, window, 40, 40)[2] == 1


def test_a_field_too_dense_to_show_every_structure_is_drawn():
    line = CellLine(radius=21)
    rng = randomness.generator(3, "x")
    structures = culture.grow(culture.draw_labels(PLANTED, "non-CIC", 60, rng), line, 192, 256, rng)
    _, boxes = drawing.draw(structures, line, 192, 256, rng)
    assert 0 < np.isnan(boxes).all(axis=1).sum() < 10


def test_fields_of_a_replicate_share_its_shift_and_replicates_scatter_around_the_plan():
    plan = {"partial": 0.1, "one-in-one": 0.2}
    shifted = [
        culture.planted_frequencies(plan, 0.15, 0, "control", f"r{n}")["one-in-one"]
        for n in range(400)
    ]
    assert shifted[3] == culture.planted_frequencies(plan, 0.15, 0, "control", "r3")["one-in-one"]
    logits = np.log(np.array(shifted) / (1 - np.array(shifted)))
    assert logits.mean() == pytest.approx(np.log(0.2 / 0.8), abs=0.03)
    assert logits.std() == pytest.approx(0.15, rel=0.15)
    unshifted = culture.planted_frequencies(plan, 0.0, 0, "control", "r1")
    assert unshifted == pytest.approx(plan)


def test_replicates_of_one_name_share_the_shift_of_their_day_under_all_conditions():
    plan = {"partial": 0.1, "one-in-one": 0.2}

    def logits(condition, spread, day_spread):
        chances = np.array(
            [
                culture.planted_frequencies(plan, spread, 0, condition, f"r{n}", day_spread)
                for n in range(400)
            ]
        )
        values = np.array([row["one-in-one"] for row in chances])
        return np.log(values / (1 - values))

    one, other = logits("control", 0.15, 0.3), logits("drug", 0.15, 0.3)
    assert one.std() == pytest.approx(np.hypot(0.15, 0.3), rel=0.1)
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.3**2 / (0.3**2 + 0.15**2), abs=0.06)
    assert logits("control", 0, 0.3) == pytest.approx(logits("drug", 0, 0.3))
    assert abs(np.corrcoef(logits("control", 0.15, 0), logits("drug", 0.15, 0))[0, 1]) < 0.15


def test_the_via_project_holds_the_truth_of_the_annotated_fields_alone(simulated):
    folder, truth = simulated
    project = json.loads((folder / "via_project.json").read_text())
    images = project["_via_img_metadata"]
    assert (
        project["_via_image_id_list"] == list(images) == ["annotated-1.png-1", "annotated-2.png-1"]
    )
    assert list(project["_via_attributes"]["region"]["class"]["options"]) == CLASSES
    read = []
    for key, image in images.items():
        assert key == f"{image['filename']}{image['size']}"
        for region in image["regions"]:
            shape = region["shape_attributes"]
            assert shape["name"] == "rect"
            x, y = shape["x"], shape["y"]
            box = [x, y, x + shape["width"], y + shape["height"]]
            field = image["filename"].removesuffix(".png")
            read.append([field, *map(float, box), region["region_attributes"]["class"]])
    annotated = truth[truth["field"].str.startswith("annotated")]
    assert read == annotated.to_numpy().tolist()


def with_a_large_line(**factors):
    return {**SETTINGS, "cell_lines": {"control": {"radius": 1.5, **factors}}, "faults": {}}


def test_a_cell_line_differs_from_the_studys_own_by_its_factors_alone():
    settings = with_a_large_line(density=0.5, texture=2, shape=3, stain=0.6, noise=4)
    own, large = (lines.sample(condition, settings) for condition in ("annotated", "control"))
    assert own == lines.Sample(CellLine(radius=14.0), Microscope(), 9)
    assert large.cells_per_field == 4.5
    changed = {
        field.name: getattr(new, field.name) / getattr(old, field.name)
        for old, new in [(own.line, large.line), (own.microscope, large.microscope)]
        for field in dataclasses.fields(old)
        if getattr(new, field.name) != getattr(old, field.name)
    }
    assert changed == pytest.approx(
        {
            "radius": 1.5,
            **dict.fromkeys(["roughness", "elongation"], 3),
            **dict.fromkeys(["chromatin", "membrane_texture", "granularity"], 2),
            **dict.fromkeys(["membrane_signal", "nucleus_signal"], 0.6),
            "read_noise": 4,
        }
    )


def test_a_further_cell_line_is_annotated_and_leaves_all_other_fields_as_they_are(
    simulated, tmp_path
):
    folder, before = simulated
    truth = simulate(tmp_path, settings=with_a_large_line())
    project = json.loads((tmp_path / "via_project.json").read_text())
    named = {image["filename"] for image in project["_via_img_metadata"].values()}
    assert named == {f"{field}.png" for field in FIELDS}
    for name in ("annotated-1_membrane.tif", "annotated-2_nucleus.tif"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    sides = [
        (table["x_max"] - table["x_min"])[table["field"] == "control-1"].median()
        for table in (before, truth)
    ]
    assert sides[1] > 1.25 * sides[0]


def test_a_condition_without_planted_frequencies_is_named(tmp_path):
    rows = sheet(tmp_path)
    rows[2]["condition"] = "GAP(1-194)"
    with pytest.raises(StudyError, match=r"control-1 .*'GAP\(1-194\)'.*simulation.frequencies"):
        simulate(tmp_path, rows)


def test_a_field_with_a_fault_that_is_not_in_the_sheet_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"faults/empty .*control-9.*not in the sample sheet"):
        simulate(tmp_path, settings={**SETTINGS, "faults": {"empty": ["control-9"]}})


def test_a_class_that_cannot_be_drawn_is_named(tmp_path):
    frequencies = {**SETTINGS["frequencies"], "control": {"blebbing": 0.1}}
    with pytest.raises(StudyError, match="'blebbing' cannot be simulated"):
        simulate(tmp_path, settings={**SETTINGS, "frequencies": frequencies})


def test_a_missing_channel_is_named(tmp_path):
    rows = sheet(tmp_path)
    del rows[1]["nucleus"]
    with pytest.raises(StudyError, match=r"annotated-2 .*channel nucleus"):
        simulate(tmp_path, rows)
