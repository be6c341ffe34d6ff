"""Annotations through the workflow: all formats are planned, annotators merged and compared."""

import pytest

from cellpheno.tables import storage
from cellpheno.tables.annotations import AGREEMENT, ANNOTATION_REPORT, BOXES, TRUTH
from cellpheno.tables.quality import WARNINGS


def test_two_annotators_of_a_small_study_are_merged_and_compared(small_study):
    small_study.config["annotations"]["further_annotators"] = [
        {"annotator": "student", "format": "csv", "files": ["student.csv"]}
    ]
    truth_path = small_study.results / "simulation/truth.parquet"
    small_study.write().snakemake("results/small/simulation/truth.parquet")
    truth = storage.read(truth_path, TRUTH)
    truth = truth[truth["field"].str.startswith("annotated")].reset_index(drop=True)
    found = truth.iloc[1:].assign(image=lambda frame: frame["field"] + ".png").drop(columns="field")
    found.to_csv(small_study.results / "raw/student.csv", index=False)

    small_study.snakemake("results/small/annotations/agreement.tsv")

    folder = small_study.results / "annotations"
    agreement = storage.read(folder / "agreement.tsv", AGREEMENT).set_index("metric")
    assert agreement.loc["recall@0.5", "value"] == pytest.approx(1 - 1 / len(truth))
    assert agreement.loc["precision@0.5", "value"] == 1
    assert agreement.loc["kappa", "value"] == 1
    boxes = storage.read(folder / "boxes.parquet", BOXES)
    assert set(boxes["annotator"]) == {"expert"}
    assert len(boxes) == len(truth)
    report = storage.read(folder / "report.tsv", ANNOTATION_REPORT)
    merged = report[report["problem"].str.contains("more senior")]
    assert merged["n"].sum() == len(truth) - 1
    # what annotators share is no reason for a warning
    assert storage.read(folder / "warnings.tsv", WARNINGS).empty


@pytest.fixture
def real_study(small_study, small_rows):
    """The small study with files of its own in place of the simulation, and two classes."""
    config = small_study.config
    del config["simulation"]
    config.update(data_root="raw", classes=["control", "mock"], negative_class="control")
    config.update(class_groups={}, statistics={"control": "control"})
    (small_study.folder / "raw/masks").mkdir(parents=True)
    for row in small_rows:
        for channel in config["channels"]:
            (small_study.folder / "raw" / row[channel]).touch()
        (small_study.folder / f"raw/masks/{row['field']}.png").touch()
        # fields that are not annotated have no class
        row["treatment"] = "" if row["condition"] == "annotated" else row["condition"]
    small_study.write_fields(small_rows)
    return small_study


@pytest.mark.parametrize(
    "annotations",
    [
        {"format": "sheet", "label_column": "treatment"},
        {"format": "masks", "files": ["masks"], "label_column": "treatment"},
        {
            "format": "masks",
            "files": ["masks"],
            "label": "control",
            "further_annotators": [{"annotator": "b", "label": "mock"}],
        },
    ],
)
def test_classes_of_the_config_and_the_sheet_are_known_without_opening_a_file(
    real_study, annotations
):
    real_study.config["annotations"] = annotations
    assert real_study.write().planned()["import_annotations"] == 1


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"format": "sheet", "label_column": "treatmnt"}, ["label_column", "treatment"]),
        ({"format": "masks", "files": ["masks"], "label": "mock"}, ["'control'", "masks"]),
        ({"format": "coco", "files": ["masks"]}, ["is a folder", "coco"]),
        ({"format": "csv", "files": ["masks/mock-r1.png"]}, ["mock-r1.png", "empty"]),
    ],
)
def test_annotations_that_cannot_do_are_told_before_any_compute(real_study, annotations, words):
    real_study.config["annotations"] = annotations
    done = real_study.write().snakemake("--dry-run", check=False)
    sentence = done.stdout.strip().splitlines()[-1]
    assert done.returncode
    assert sentence.startswith("cellpheno: ")
    assert all(word in sentence for word in words)
