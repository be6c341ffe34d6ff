"""The line above a figure that says what its intervals rest on."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.figures import style

NOTE = "No interval: it rests on 2 groups of fields, and an interval needs 3."


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0.8, 6, "")], "95 % intervals over 6 groups of fields"),
        ([(0.8, 6, ""), (0.7, 4, "")], "95 % intervals over 4 to 6 groups of fields"),
        ([(np.nan, 2, NOTE)], NOTE),
        ([(0.8, 6, ""), (np.nan, 2, NOTE)], f"95 % intervals over 6 groups of fields. {NOTE}"),
        ([(np.nan, 6, "")], ""),
    ],
)
def test_a_figure_says_how_many_groups_its_intervals_rest_on_or_why_it_has_none(rows, said):
    figure = style.figure(100, 50)
    style.say_units(figure, pd.DataFrame(rows, columns=["ci_low", "n_clusters", "note"]))
    assert figure.get_suptitle() == said


def test_a_verdict_is_that_of_the_pair_with_the_first_competitor():
    rows = [("f1", "a", "b", "better"), ("f1", "b", "c", "worse"), ("auc", "a", "c", "undecided")]
    compared = pd.DataFrame(rows, columns=["metric", "first", "second", "verdict"])
    assert style.verdicts(compared, "f1", "a") == {"b": "better"}
