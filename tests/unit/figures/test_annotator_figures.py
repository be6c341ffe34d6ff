"""Figures of likely wrong labels and of people against the model."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest

from cellpheno.annotations.human_model import ALL_CLASSES, MODEL
from cellpheno.figures import style
from cellpheno.figures.annotations import human_model as human_model_figure
from cellpheno.figures.labels import label_errors as label_errors_figure
from cellpheno.tables.annotations import HUMAN_MODEL, LABEL_ERRORS

PALETTE = style.Palette(["living", "dead"], "living", {}, ["a"])


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def suspects(n, label="living", suggested="dead"):
    return pd.DataFrame(
        {
            "rank": range(1, n + 1),
            "label": label,
            "suggested": suggested,
            f"p_{suggested}": np.linspace(0.99, 0.6, n),
        }
    )


@pytest.mark.parametrize(("shown", "places"), [(1, 1), (8, 8), (19, 24)])
def test_every_suspicious_cell_has_its_rank_both_classes_and_the_probability(shown, places):
    figure = label_errors_figure.draw(suspects(30), np.zeros((shown, 32, 32, 3), np.uint8), PALETTE)
    written = texts(figure)
    assert [text for text in written if "living" in text] == [
        f"{rank}  living" for rank in range(1, shown + 1)
    ]
    assert "→ 0.99 dead" in written
    assert len(figure.axes) == places


def test_where_no_label_is_likely_wrong_the_figure_says_so():
    none = label_errors_figure.draw(suspects(12), np.zeros((0, 32, 32, 3), np.uint8), PALETTE)
    assert "None of the 12 labels is likely wrong." in texts(none)
    unjudged = label_errors_figure.draw(
        LABEL_ERRORS.empty(), np.zeros((0, 32, 32, 3), np.uint8), PALETTE
    )
    assert any("too few" in text for text in texts(unjudged))


def compared(raters, calls):
    rows = [
        [first, second, call, metric, 0.9, 0.85, np.nan if second == "b" else 0.93, 6, "", 6, 100]
        for number, first in enumerate(raters)
        for second in raters[number + 1 :]
        for call in calls
        for metric in ("accuracy", "kappa")
    ]
    columns = [column.name for column in HUMAN_MODEL.columns]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("calls", [[ALL_CLASSES], [ALL_CLASSES, "CIC", "completed CIC"]])
def test_each_pair_of_raters_has_a_row_and_its_values(calls, tmp_path):
    figure = human_model_figure.draw(compared(["the truth", "a", "b", MODEL], calls))
    figure.canvas.draw()
    assert len(figure.axes) == 2 * min(len(calls), 2)
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[0] == "a – the truth"
    assert len(names) == 6
    assert texts(figure).count("0.900") == 6 * len(figure.axes)


def test_an_agreement_that_is_not_defined_is_left_out():
    table = compared(["a", MODEL], [ALL_CLASSES])
    table.loc[table["metric"] == "kappa", ["value", "ci_low", "ci_high"]] = np.nan
    figure = human_model_figure.draw(table)
    figure.canvas.draw()
    assert texts(figure).count("0.900") == 1
    assert "nan" not in "".join(texts(figure))


def test_raters_who_saw_no_field_together_have_no_row():
    table = compared(["the truth", "a", MODEL], [ALL_CLASSES])
    apart = (table["reference"] == "the truth") & (table["rater"] == "a")
    table.loc[apart, ["value", "ci_low", "ci_high"]] = np.nan
    figure = human_model_figure.draw(table)
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == [f"{MODEL} – the truth", f"{MODEL} – a"]
