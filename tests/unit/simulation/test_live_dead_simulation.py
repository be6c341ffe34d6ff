"""The simulated monolayer: planted viability, counts of the stain, empty and blurred parts."""

import numpy as np
import pytest
from scipy import ndimage

from cellpheno.core.randomness import generator
from cellpheno.simulation import live_dead, monolayer, patch_examples
from cellpheno.simulation.kind import Plan

LAYER = {
    "time": "day",
    "viability": {"control": {"3": 1.0, "5": 0.0}, "mixed": {"3": 0.7}},
    "coverage": {"3": 0.8, "5": 0.98},
    "treated": [],
    "out_of_focus": 0.0,
    "patch_examples": 8,
}
SETTINGS = {"height": 224, "width": 280, "cell_radius": 18, "faults": {}, "monolayer": LAYER}


def plan(seed=0, **changes):
    faults = changes.pop("faults", {})
    return Plan(SETTINGS | {"faults": faults, "monolayer": LAYER | changes}, "live", seed)


def row(field="f", condition="control", day="3", group="w", split="train"):
    return {"field": field, "condition": condition, "day": day, "group": group, "split": split}


def test_a_field_repeats_and_another_differs():
    first, truth = live_dead.simulate_field(row(), plan())
    again, _ = live_dead.simulate_field(row(), plan())
    other, _ = live_dead.simulate_field(row("g"), plan())
    for channel in live_dead.CHANNELS:
        assert first[channel].shape == (224, 280)
        assert first[channel].dtype == np.uint16
        np.testing.assert_array_equal(first[channel], again[channel])
        assert (first[channel] != other[channel]).any()
    assert set(truth["label"]) == {"live"}


def test_viability_is_what_was_planted():
    cells = [
        monolayer.grow((448, 560), 18, 0.9, 0.7, False, 1, f"f{n}", f"w{n}").dead for n in range(40)
    ]
    shares = np.array([1 - dead.mean() for dead in cells])
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    assert abs(shares.mean() - 0.7) < 2.5 * error
    assert error < 0.07  # else other viabilities would fit too
    assert shares.std() > 0.1  # cells of a field share their fate


def test_dead_cells_lie_together():
    layer = monolayer.grow((448, 560), 18, 1.0, 0.5, False, 3, "f", "w")
    apart = np.hypot(*(layer.places[:, None] - layer.places[None]).transpose(2, 0, 1))
    near = (apart > 0) & (apart < 45)
    same = layer.dead[:, None] == layer.dead[None]
    assert same[near].mean() > 0.7  # 0.5 without any order
    assert 0.05 < layer.dead.mean() < 0.95


def test_some_cells_look_unlike_their_fate_in_places_of_their_own():
    layers = [
        monolayer.grow((448, 560), 18, 1.0, 0.5, False, 2, f"f{n}", f"w{n}") for n in range(120)
    ]
    dead, collapsed = (
        np.concatenate([getattr(layer, name) for layer in layers]) for name in ("dead", "collapsed")
    )
    for part in (dead, ~dead):
        assert (collapsed != dead)[part].mean() == pytest.approx(monolayer.UNLIKE, abs=0.025)
    assert any((layer.collapsed != layer.dead).mean() > 0.15 for layer in layers)


def patch_means(picture, size=112):
    return [
        picture[y : y + size, x : x + size].mean()
        for y in range(0, picture.shape[0] - size + 1, size)
        for x in range(0, picture.shape[1] - size + 1, size)
    ]


def test_the_stain_has_the_counts_of_the_paper():
    means = {
        day: np.concatenate(
            [
                patch_means(
                    live_dead.simulate_field(row(f"{day}-{n}", day=day), plan())[0][
                        "propidium_iodide"
                    ]
                )
                for n in range(8)
            ]
        )
        for day in ("3", "5")
    }
    assert means["3"].mean() == pytest.approx(225, abs=25)
    assert 450 < means["5"].mean() < 720
    assert np.quantile(means["3"], 0.95) < np.quantile(means["5"], 0.05)


def test_dead_nuclei_shine_and_live_ones_do_not():
    pictures, truth = live_dead.simulate_field(row(condition="mixed"), plan(seed=5))
    stain = ndimage.gaussian_filter(pictures["propidium_iodide"].astype(float), 3)
    middle = truth[["y_min", "y_max", "x_min", "x_max"]].to_numpy()
    rows, columns = (middle[:, at : at + 2].mean(axis=1).astype(int) for at in (0, 2))
    dead = (truth["label"] == "dead").to_numpy()
    assert dead.any()
    assert not dead.all()
    shine = stain[np.clip(rows, 0, 223), np.clip(columns, 0, 279)]
    assert np.median(shine[dead]) > 2.5 * np.median(shine[~dead])


def test_a_field_without_cells_is_even_and_has_no_truth():
    pictures, truth = live_dead.simulate_field(row(), plan(faults={"empty": ["f"]}))
    assert truth.empty
    full, _ = live_dead.simulate_field(row(day="5"), plan())
    assert pictures["brightfield"].std() < 0.5 * full["brightfield"].std()


def test_one_side_of_some_fields_is_out_of_focus():
    scene = live_dead.arrange(row(day="5"), plan(out_of_focus=1.0))
    assert scene.unsharp.min() == 0
    assert scene.unsharp.max() == 1
    assert live_dead.arrange(row(day="5"), plan()).unsharp.max() == 0


def test_treated_cells_have_bright_spots_and_faint_outlines():
    layers = [
        monolayer.grow((224, 280), 18, 1.0, 1.0, treated, 0, "f", "w") for treated in (False, True)
    ]
    plain, treated = (
        monolayer.draw(layer, (224, 280), generator(0, "x")).light for layer in layers
    )
    assert np.quantile(treated, 0.999) > np.quantile(plain, 0.999)


def test_as_many_good_as_empty_patches_are_marked_on_fields_that_are_not_tested():
    rows = [row(f"f{n}", split="test" if n == 0 else "train") for n in range(9)]
    settings = plan(out_of_focus=0.5, coverage={"3": 0.5})
    marked = patch_examples.mark(rows, settings, 112, 56)
    assert marked["label"].value_counts().to_dict() == {"good": 8, "empty": 8}
    assert not marked["image"].isin(["f0"]).any()
    assert (marked["x_max"] - marked["x_min"] == 112).all()
    assert list(marked.columns) == ["image", "x_min", "y_min", "x_max", "y_max", "label"]
    again = patch_examples.mark(rows, settings, 112, 56)
    assert marked.equals(again)
