"""Figures of the statistics that only some studies make."""

import dataclasses

import pandas as pd
import pytest

from cellpheno.figures import style
from cellpheno.figures.statistics import effects, frequencies, measures, null_experiments, power
from cellpheno.statistics import conditions
from cellpheno.tables.statistics import NULL_SCOPES

PALETTE = style.Palette(["living", "dead"], "living", {}, ["control", "drug"], "control")


def rate(test, unit, scope, correction, name, positives):
    return {
        "test": test,
        "unit": unit,
        "design": "paired" if test == "gee" else "independent",
        "correction": correction,
        "scope": scope,
        "class": name,
        "condition": "drug",
        "n_experiments": 100,
        "n_false_positives": positives,
        "nominal": 0.05,
        "rate": positives / 100,
        "ci_low": max(0, positives - 4) / 100,
        "ci_high": (positives + 4) / 100,
    }


ONE, WHOLE = NULL_SCOPES
RATES = pd.DataFrame(
    [
        rate("student", "field", ONE, "none", "dead", 20),
        rate("gee", "replicate", ONE, "none", "living", 4),
        rate("gee", "replicate", ONE, "none", "dead", 5),
        rate("student", "field", WHOLE, "none", "all", 40),
        rate("gee", "replicate", WHOLE, "holm", "all", 3),
    ]
)


def test_every_false_positive_rate_is_a_dot_beside_the_nominal_line():
    left, right = null_experiments.draw(RATES, PALETTE).axes
    for axes, scope in ((left, ONE), (right, WHOLE)):
        dots = axes.collections[-1].get_offsets()[:, 0]
        assert sorted(dots) == pytest.approx(sorted(RATES[RATES["scope"] == scope]["rate"]))
        assert axes.lines[0].get_xdata()[0] == 0.05
        assert axes.get_xlim()[1] > RATES[RATES["scope"] == scope]["ci_high"].max()


def test_methods_are_named_once_and_in_words():
    left, right = null_experiments.draw(RATES, PALETTE).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "Student's t-test\nof fields",
        "model for counts in blocks (GEE)\nof replicates",
    ]
    assert right.get_yticklabels()[1].get_text().endswith("Holm-corrected")


def test_the_figure_of_rates_fits_a_page():
    width, _ = null_experiments.draw(RATES, PALETTE).get_size_inches()
    assert width * 25.4 <= style.PAGE_MM + 0.1


def test_no_null_experiments_give_a_sentence():
    (text,) = null_experiments.draw(RATES[:0], PALETTE).texts
    assert text.get_text().endswith(".")


STUDENT = {"test": "student", "unit": "field", "correction": "none"}
VALUES = {
    ("control", "all"): [10, 12, 11],
    ("drug", "all"): [20, 25, 22],
    ("control", "living"): [10, 12, 11],
    ("drug", "living"): [20, 25, 22],
    ("drug", "dead"): [30, 31, 32],
}
COLUMNS = ["field", "condition", "replicate", "group", "class", "measure", "measure_unit", "value"]
MEASURES = pd.DataFrame(
    [
        (f"{condition}-{row}", condition, "r1", "g", name, "area", "px²", value)
        for (condition, name), several in VALUES.items()
        for row, value in enumerate(several)
    ],
    columns=COLUMNS,
)
NAMED = MEASURES.drop_duplicates("field").assign(usable=True)


def test_a_condition_that_lost_its_fields_has_its_place_in_the_figure_of_measures():
    lost = pd.DataFrame({"field": ["f"], "condition": ["gone"], "usable": [False]})
    tests = conditions.of_measures(
        MEASURES, "control", [STUDENT], pd.concat([NAMED, lost], ignore_index=True)
    )
    known = dataclasses.replace(PALETTE, conditions=[*PALETTE.conditions, "gone"])
    axes = measures.draw(MEASURES, tests, "area", STUDENT, known).axes[0]
    assert "no value" in [text.get_text() for text in axes.texts]
    places = axes.get_xticks()
    assert axes.get_xlim() == pytest.approx((places[0] - 0.6, places[-1] + 0.6))
    assert "gone (0)" in [label.get_text() for label in axes.get_xticklabels()]


def test_measures_are_shown_where_conditions_can_be_compared_with_stars_where_they_differ():
    tests = conditions.of_measures(MEASURES, "control", [STUDENT], NAMED)
    figure = measures.draw(MEASURES, tests, "area", STUDENT, PALETTE)
    assert [axes.get_title() for axes in figure.axes] == ["all", "living"]
    stars = [text.get_text() for text in figure.axes[0].texts]
    assert stars == [style.stars(tests.set_index("class")["p_adjusted"]["all"])]
    assert stars != [""]
    assert "px²" in figure.get_supylabel()


def test_no_known_measure_gives_a_sentence():
    tests = conditions.of_measures(MEASURES, "control", [STUDENT], NAMED)
    unknown = MEASURES.assign(value=float("nan"))
    (text,) = measures.draw(unknown, tests, "area", STUDENT, PALETTE).texts
    assert text.get_text().endswith(".")


ALONE = dataclasses.replace(PALETTE, classes=["cell"], negative=None, groups={})
COUNTED = pd.DataFrame(
    [
        (f"{condition}-{row}", condition, "r1", "g", "cell", number, number, 1.0)
        for condition, numbers in {"control": [10, 12, 11], "drug": [30, 31, 35]}.items()
        for row, number in enumerate(numbers)
    ],
    columns=[*COLUMNS[:5], "n_cells", "n_class", "frequency"],
)


def test_a_single_class_is_drawn_as_cells_per_field_and_not_as_a_share():
    named = COUNTED.assign(usable=True)
    tests = conditions.of_numbers(COUNTED, "control", [STUDENT], named)
    figure = frequencies.draw(COUNTED, tests, STUDENT, ALONE)
    (axes,) = figure.axes
    assert figure.get_supylabel() == "cells per field"
    assert axes.get_ylim()[1] > 35
    assert style.stars(tests["p_adjusted"].iloc[0]) in [text.get_text() for text in axes.texts]
    (axes,) = effects.draw(tests, [STUDENT], ALONE).axes
    assert axes.get_xlabel() == "difference to control, cells per field"
    low, high = axes.get_xlim()
    assert low < 21 < high


def test_measures_of_a_single_class_have_one_panel():
    one = MEASURES[MEASURES["class"] == "all"].assign(**{"class": "cell"})
    tests = conditions.of_measures(one, "control", [STUDENT], NAMED)
    figure = measures.draw(one, tests, "area", STUDENT, ALONE)
    assert [axes.get_title() for axes in figure.axes] == ["cell"]


DAILY = {"test": "welch", "unit": "replicate", "correction": "none"}


def of_days(shared):
    """Make two fields of each of three replicates of two conditions, and the drawn panel."""
    rows = [
        (f"{c}-{day}-{n}", c, f"day {day}" if shared else f"{c} {day}", "g", "cell", number + n)
        for c, numbers in {"control": [10, 20, 30], "drug": [15, 26, 34]}.items()
        for day, number in enumerate(numbers)
        for n in (0, 2)
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS[:5], "n_class"])
    table = table.assign(n_cells=table["n_class"], frequency=1.0)
    named = table.assign(usable=True)
    tests = conditions.of_numbers(table, "control", [DAILY], named, "auto")
    figure = frequencies.draw(table, tests, DAILY, ALONE)
    return figure, [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]


def test_replicates_of_one_day_have_one_colour_and_are_joined_where_they_are_paired():
    figure, lines = of_days(shared=True)
    assert [list(line.get_ydata()) for line in lines] == [[11, 16], [21, 27], [31, 35]]
    assert len({line.get_color() for line in lines}) == 3
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["replicate (n = 6)", "field (12)", "mean", "day 0", "day 1", "day 2"]


def test_replicates_that_have_no_partner_are_neither_joined_nor_named():
    figure, lines = of_days(shared=False)
    assert lines == []
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["replicate (n = 6)", "field (12)", "mean"]


def needs(correction, rise, fall, fields):
    return {
        **{"class": "dead", "condition": "drug", "control": "control", "correction": correction},
        **{"frequency": 0.1, "n_control": 4, "n_condition": 4, "fields": 3.0},
        **{"smallest_rise": rise, "smallest_fall": fall},
        **{"replicates_for_half": 14.0, "fields_for_half": fields},
    }


def test_missed_differences_are_a_range_whose_ends_are_marked_if_they_are_found_at_all():
    nan = float("nan")
    rows = [needs("none", 0.2, 0.08, nan), needs("holm", 0.3, nan, 9.0)]
    left, right = power.draw(pd.DataFrame(rows), PALETTE).axes
    ranges = [tuple(lines.get_segments()[0][:, 0]) for lines in left.collections]
    assert ranges == [(-0.08, 0.2), (-0.1, 0.3)]  # nobody loses more than all
    marks = sorted(line.get_xdata()[0] for line in left.lines if line.get_marker() == "|")
    assert marks == pytest.approx([-0.08, 0.2, 0.3])
    assert [text.get_text() for text in right.texts] == ["14  (now 4)", "–  (now 3)"]
