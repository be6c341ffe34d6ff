"""Missing training data of an experiment are reported before any compute."""

from pathlib import Path

import pytest
import yaml

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration, experiments

ROOT = Path(__file__).parents[3]
SHEET = {"field": ["f1", "f2"], "condition": ["p06", "p07"]}


def example(**training):
    config = yaml.safe_load((ROOT / "config/cca_example.yaml").read_text())
    config["classification"]["training"].update(training)
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    return configuration.complete(config, schema, "study.yaml")


def test_fields_of_a_column_and_value_of_the_sheet_may_be_chosen():
    experiments.check_sheet(example(only={"condition": ["p07"]}), SHEET)


@pytest.mark.parametrize("only", [{"patient": ["p07"]}, {"condition": ["p09"]}])
def test_fields_that_the_sheet_does_not_have_are_refused(only):
    with pytest.raises(StudyError, match=r"training\.only \(experiment hoechst\) names 'p"):
        experiments.check_sheet(example(only=only), SHEET)


def test_an_unknown_class_must_be_a_class_whatever_becomes_of_it():
    with pytest.raises(StudyError, match="unknown_class .* names 'X', which is not among classes"):
        experiments.check(example(unknown_class="X"), "study.yaml")
