"""What was planted in a simulated monolayer, beside what was measured."""

import pandas as pd
import pytest

from cellpheno.statistics import planted_viability


def test_planted_and_simulated_viability_stand_beside_the_measured_one():
    fields = pd.DataFrame(
        [("a", "none", "3"), ("b", "none", "4"), ("c", "none", "4")],
        columns=["field", "condition", "time"],
    )
    truth = pd.DataFrame(
        {
            "field": ["a"] * 4 + ["b"] * 2 + ["elsewhere"] * 9,
            "label": ["live"] * 3 + ["dead"] + ["live", "dead"] + ["dead"] * 9,
        }
    )
    measured = pd.DataFrame(
        [
            ("condition", "none", "3", 0.7, 0.5, 0.9),
            ("condition", "none", "4", 0.9, 0.8, 0.95),
            ("condition", "none", "all", 0.6, 0.5, 0.7),
            ("field", "none", "3", 0.7, 0.5, 0.9),
        ],
        columns=["level", "condition", "time", "viability", "ci_low", "ci_high"],
    ).assign(source="bright-field", n_units=3)
    planted = {"none": {"3": 0.8, "4": 0.4}}
    table = planted_viability.beside_measured(measured, planted, truth, fields, "live")
    assert table["planted"].tolist() == pytest.approx([0.8, 0.4, (0.8 + 0.4 + 0.4) / 3])
    assert table["simulated"].tolist() == pytest.approx([0.75, 0.5, 4 / 6])
    assert table["recovered"].tolist() == [True, False, True]
