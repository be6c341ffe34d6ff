"""What quality control sets aside is reported and compared, never lost in silence."""

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
        "judge_fields: Quality control sets aside 5 of 12 fields, such as ann2 (over-exposed",
        f"read the column verdict of {folder}/qc/fields.tsv",
        "leaves nothing of 1 of 3 conditions (drug: 3 of 3 fields)",
        "quality.max_saturated_fraction alone sets aside 5 of 12 fields",
    ):
        assert sentence in done.stdout
    warned = pd.read_csv(mini_study.results / "qc/warnings.tsv", sep="\t")
    assert len(warned) == 3


def test_a_turned_field_is_set_aside_and_one_with_broken_metadata_is_used(mini_study):
    turned, broken = mini_study.data / "ann2.tif", mini_study.data / "ann3.tif"
    tags = [(274, 3, 1, 3, True)]
    tifffile.imwrite(turned, tifffile.imread(turned), extratags=tags, metadata=None)
    named = {"axes": "YX", "Channel": {"Name": ["cells"]}}
    tifffile.imwrite(broken, tifffile.imread(broken), ome=True, metadata=named)
    broken.write_bytes(broken.read_bytes().replace(b'Name="cells"', b'Name="c&lls"'))
    done = mini_study.write().snakemake("--until", "judge_fields")
    fields = pd.read_csv(mini_study.results / "qc/fields.tsv", sep="\t", na_values="NA")
    fields = fields.set_index("field")
    assert "ann2.tif is stored turned (orientation 3)" in fields.loc["ann2", "verdict"]
    assert fields.loc["ann3", "verdict"] == "ok"
    assert "its OME-XML is damaged" in fields.loc["ann3", "remark"]
    assert (fields["verdict"].drop("ann2") == "ok").all()
    assert "sets aside 1 of 12 fields, such as ann2 (data/ann2.tif is stored turned" in done.stdout
    assert "uses 1 of 12 fields although something is unusual, such as ann3" in done.stdout
