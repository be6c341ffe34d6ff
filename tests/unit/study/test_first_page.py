"""The first page of the report, for every kind of study."""

from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts

from cellpheno.core import captions
from cellpheno.study import configuration, first_page

ROOT = Path(__file__).parents[3]
DETECTION = """detector seed split metric value ci_low ci_high n_clusters n
r 0 val ap@0.5 0.5 0.4 0.6 3 9
r 0 test ap@0.5 0.8125 0.7 0.9 4 12
"""
TESTS = """class condition p_adjusted unit design reason test
a x 0.01 replicate paired three-days gee
a x 0.04 replicate paired three-days conditional
b x 0.5 replicate paired three-days gee
a y NA replicate independent one-day gee
a x 0.5 field independent fields student
"""


@pytest.fixture
def results(tmp_path):
    for name, text in {"metrics/detection.tsv": DETECTION, "statistics/tests.tsv": TESTS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace(" ", "\t"))
    return tmp_path


@pytest.fixture
def page(default_config, results):
    """Renders the first page of a study with changes to the default config."""

    def render(compared=True, folder=results, **changes):
        schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
        config = configuration.complete(default_config, schema, "config.yaml")
        for key, value in changes.items():
            config[key].update(value)
        config["front_page"] = {
            "compared": compared,
            "results": first_page.results(folder, "main"),
            "tested": first_page.tested(folder),
            "designs": first_page.designs(folder),
        }
        text = (ROOT / "workflow/report/workflow.rst").read_text()
        # as Snakemake renders it
        environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["plain"] = captions.plain
        rendered = environment.from_string(text).render(snakemake=SimpleNamespace(config=config))
        settings = {"halt_level": 2, "report_level": 2}
        return publish_parts(rendered, writer="html", settings_overrides=settings)["body"]

    return render


def test_test_fields_are_shown_where_there_are_some(results):
    (row,) = first_page.results(results, "main")
    assert row == {
        "what": "Detection: average precision, IoU 0.5",
        "value": "0.812",
        "interval": "0.700 to 0.900",
        "n": "12 (test), 4",
    }


def test_comparisons_are_counted_by_what_became_of_them(results):
    assert first_page.tested(results) == {"all": 4, "tested": 3, "significant": 1}


def test_the_design_of_tests_of_replicates_is_said_once_with_its_reason(results, page):
    sentences = ["x: paired (three-days).", "y: independent (one-day)."]
    assert first_page.designs(results) == sentences
    html = page()
    assert f"Design of the tests of replicates: {' '.join(sentences)}" in html
    assert "replicate as block" in html


def test_a_study_of_annotated_fields_alone_compares_nothing(tmp_path):
    (tmp_path / "splits.tsv").write_text("field\tsplit\na\ttrain\nb\tpredict\n")
    assert first_page.compared(tmp_path, ["predict"])
    assert not first_page.compared(tmp_path, ["test"])


def test_the_page_has_a_table_of_results(page):
    html = page()
    assert "<td>0.812</td>" in html
    assert "3 could be tested and 1 are significant" in html


def test_a_study_without_results_yet_has_a_page_without_a_table(page, tmp_path):
    html = page(folder=tmp_path / "nothing")
    assert "<table" not in html
    assert "comparisons with the control" not in html


@pytest.mark.parametrize(
    ("source", "present", "absent"),
    [
        ("detector", "proposes cells", "sliding window"),
        ("annotations", "without a detector", "proposes cells"),
        ("grid", "a sliding window cuts", "proposes cells"),
    ],
)
def test_only_a_study_with_a_detector_claims_one(page, source, present, absent):
    html = page(candidates={"source": source})
    assert present in html
    assert absent not in html


def test_a_study_without_fields_to_compare_claims_no_comparison(page):
    html = page(compared=False)
    assert "no comparison of conditions" in html
    assert "Conditions are compared by" not in html


def test_the_model_for_counts_is_not_called_a_t_test(page):
    html = page(statistics={"tests": [{"test": "gee", "unit": "replicate", "correction": "holm"}]})
    assert "a model for counts (GEE) with the replicate as unit" in html
