# Figures of the comparison between conditions.
# a single condition of a single unit has one share, which class_shares shows
UNITS = statistics.compared(config, fields)[
    ["condition", config["statistics"]["tests"][0]["unit"]]
].drop_duplicates()
FREQUENCIES_DRAWN = bool(COMPARED) and len(UNITS) > 1


use rule figure as plot_frequencies with:
    """Draw how often each class is called in each condition: boxes, points, stars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        tests="results/{study}/statistics/tests.tsv",
        planted=PLANTED_FREQUENCIES,
    output:
        **drawn(
            "frequencies",
            "Comparison of conditions",
            "frequencies" if SEVERAL_CLASSES else "cells per field",
            wanted=FREQUENCIES_DRAWN,
        ),
    pathvars:
        figure="frequencies",
    params:
        **drawn_by("plot_frequencies"),
        test=config["statistics"]["tests"][0],
        palette=PALETTE,


use rule figure as plot_frequencies_stacked with:
    """Draw absolute and relative frequencies as stacked bars (A50)."""
    input:
        frequencies="results/{study}/statistics/frequencies.tsv",
        tests="results/{study}/statistics/tests.tsv",
    output:
        **drawn(
            "frequencies_stacked",
            "Comparison of conditions",
            "frequencies, stacked",
            wanted=FREQUENCIES_DRAWN and SEVERAL_CLASSES,
        ),
    pathvars:
        figure="frequencies_stacked",
    params:
        **drawn_by("plot_frequencies_stacked"),
        unit=config["statistics"]["tests"][0]["unit"],
        palette=PALETTE,


use rule figure as plot_effects with:
    """Draw the differences to control with their intervals, for every way of testing."""
    input:
        tests="results/{study}/statistics/tests.tsv",
    output:
        **drawn(
            "effects",
            "Comparison of conditions",
            "differences to control",
            wanted=len(COMPARED) > 1 and bool(config["statistics"]["control"]),
        ),
    pathvars:
        figure="effects",
    params:
        **drawn_by("plot_effects"),
        tests=lookup("statistics/tests", within=config),
        palette=PALETTE,


use rule figure as plot_measures with:
    """Draw how large annotated objects are in each condition: boxes, points, stars."""
    input:
        measures="results/{study}/statistics/measures.tsv",
        tests="results/{study}/statistics/measure_tests.tsv",
    output:
        **drawn(
            "measures_{measure}",
            "Comparison of conditions",
            "{measure} of annotated objects",
            caption="measures",
            measure=MEASURES,
        ),
    pathvars:
        figure="measures_{measure}",
    params:
        **drawn_by("plot_measures"),
        # a model for counts does not measure
        test=next(
            (test for test in config["statistics"]["tests"] if test["test"] != "gee"),
            None,
        ),
        palette=PALETTE,
