"""The config of a simulated monolayer: what follows from it, and what is refused."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import simulation


def config(**changes):
    layer = {
        "time": "day",
        "viability": {"control": {"3": 0.8, "5": 0.4}, "drug": {"3": 0.3, "5": 0.1}},
        "coverage": {"3": 0.6, "5": 0.9},
        "treated": ["drug"],
    }
    simulation = {"kind": "live_dead", "frequencies": {}, "monolayer": layer | changes}
    return {"fields": "fields.tsv", "simulation": simulation}


def test_planted_frequencies_follow_from_the_viability():
    study = config()
    simulation.complete(study, "config.yaml")
    frequencies = study["simulation"]["frequencies"]
    assert frequencies["control"] == {"dead": pytest.approx(0.4)}
    assert frequencies["drug"] == {"dead": pytest.approx(0.8)}


def test_a_study_of_real_data_is_left_as_it_is():
    simulation.complete({"fields": "fields.tsv"}, "config.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"viability": {}}, "simulation.monolayer.viability is missing"),
        ({"coverage": {"3": 0.6}}, "has the time 5, which simulation.monolayer.coverage lacks"),
        ({"treated": ["drugs"]}, "names 'drugs'.*drug is the nearest"),
    ],
)
def test_what_does_not_fit_is_reported(changes, message):
    with pytest.raises(StudyError, match=message):
        simulation.complete(config(**changes), "config.yaml")


def test_cells_in_cells_need_planted_frequencies():
    study = {"simulation": {"kind": "cell_in_cell", "frequencies": {}}}
    with pytest.raises(StudyError, match=r"simulation\.frequencies is missing"):
        simulation.complete(study, "config.yaml")


def test_a_field_of_a_day_without_planted_viability_is_refused():
    study = config()
    simulation.complete(study, "config.yaml")
    sheet = pd.DataFrame({"field": ["a", "b"], "condition": "drug", "day": ["3", "4"]})
    with pytest.raises(StudyError, match="field b in fields.tsv has the day '4'"):
        simulation.check_times(study, sheet)
    with pytest.raises(StudyError, match="not a column of fields.tsv"):
        simulation.check_times(study, sheet.drop(columns="day"))
