"""What quality control sets aside is told on the terminal, compared, and never lost in silence."""

import numpy as np
import pandas as pd
import tifffile


def set_aside(study, table: str) -> pd.DataFrame:
    return pd.read_csv(study.results / table, sep="\t").set_index("name")


def test_a_condition_and_a_class_that_are_lost_are_named_on_the_terminal(mini_study):
    for row in mini_study.rows:
        path = mini_study.data / row["cells"]
        # flat and white: over-exposed, and without any contrast
        if row["condition"] == "drug" or row["field"] in ("ann2", "ann3"):
            tifffile.imwrite(path, np.full_like(tifffile.imread(path), 65535))
    for image, cells in mini_study.annotated.items():
        lost = image in ("ann2.tif", "ann3.tif")
        mini_study.annotated[image] = [("big" if lost else "small", x, y) for _, x, y in cells]
    mini_study.annotated["ann4.tif"][0] = ("big", *mini_study.annotated["ann4.tif"][0][1:])
    mini_study.write_via()
    done = mini_study.write().snakemake("--until", "import_annotations")
    fields = pd.read_csv(mini_study.results / "qc/fields.tsv", sep="\t").set_index("field")
    assert fields.loc["drug-r1-f0", "verdict"].startswith("over-exposed: 1 of the pixels of cells")
    conditions, classes = (
        set_aside(mini_study, f"{room}/set_aside.tsv") for room in ("qc", "annotations")
    )
    assert conditions["share"].round(3).to_dict() == {
        "annotated": 0.333,
        "drug": 1.0,
        "untreated": 0.0,
    }
    assert classes.loc["big", ["n_set_aside", "n"]].tolist() == [6, 7]
    folder = "results/mini"
    for sentence in (
        "judge_fields: 5 of 12 fields are set aside, such as ann2 (over-exposed",
        f"read the column verdict of {folder}/qc/fields.tsv",
        "leaves nothing of 1 of 3 conditions (drug: 3 of 3 fields)",
        "quality.max_saturated_fraction alone sets aside 5 of 12 fields",
    ):
        assert sentence in done.stdout
    warned = pd.read_csv(mini_study.results / "qc/warnings.tsv", sep="\t")
    assert len(warned) == 3
