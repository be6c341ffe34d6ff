"""A condition of which quality control leaves no field is reported."""

from cellpheno.tables import storage
from cellpheno.tables.quality import WARNINGS
from cellpheno.tables.statistics import TESTS


def test_a_condition_whose_files_are_cut_has_rows_without_p_and_a_sentence(mini_study):
    for row in mini_study.rows:
        if row["condition"] == "drug":
            path = mini_study.data / row["cells"]
            path.write_bytes(path.read_bytes()[:3000])
    mini_study.write()
    results = "results/mini"
    targets = [f"{results}/statistics/tests.tsv"]
    targets += [f"{results}/figures/{name}.png" for name in ("frequencies", "effects")]
    done = mini_study.snakemake(*targets)
    sentence = "0 of 3 fields in the sheet used: 3 set aside"
    tests = storage.read(mini_study.results / "statistics/tests.tsv", TESTS)
    lost = tests[tests["condition"] == "drug"]
    assert set(lost["class"]) == {"small", "big"}
    assert lost[["estimate", "p"]].isna().all(axis=None)
    assert lost["note"].str.contains(sentence).all()
    log = (mini_study.folder / "logs/mini/compare_conditions.log").read_text()
    warnings = storage.read(mini_study.results / "warnings/compare_conditions.tsv", WARNINGS)[
        "warning"
    ]
    for text in (done.stdout, log, "\n".join(warnings)):
        assert "The condition drug cannot be tested by replicate" in text
        assert sentence in text
