"""The leak gate stands between the images and the trainings."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from mini_study import SIDES

GATE = "results/mini/leaks.tsv"
TRAINED = ["results/mini/detector/main/model.pt", "results/mini/classifier/main/seed0/model.pt"]


def textures(study):
    """Give each annotated field a texture of its own; without one round cells are all alike."""
    for number, row in enumerate(study.rows[:6]):
        file = study.data / row["cells"]
        spots = np.random.default_rng(number).normal(0, 900, (20, 20)).repeat(4, 0).repeat(4, 1)
        tifffile.imwrite(file, (tifffile.imread(file) + spots).clip(0, 65535).astype(np.uint16))


def copy_cell(study):
    """Copy the first cell of the test field to where a training field has one."""
    source, target = study.rows[0]["cells"], study.rows[2]["cells"]
    kind, x, y = study.annotated[source][0]
    side = SIDES[kind] + 8
    image, other = (tifffile.imread(study.data / name) for name in (source, target))
    _, left, top = study.annotated[target][0]
    left, top, x, y = (int(corner) for corner in (left, top, x, y))
    copied = image[y - 4 : y - 4 + side, x - 4 : x - 4 + side]
    other[top - 4 : top - 4 + side, left - 4 : left - 4 + side] = copied
    tifffile.imwrite(study.data / target, other)
    study.annotated[target][0] = (kind, float(left), float(top))
    study.annotated[source][0] = (kind, float(x), float(y))
    study.write_via()


@pytest.fixture
def copied_cell(mini_study):
    textures(mini_study)
    copy_cell(mini_study)
    return mini_study.write()


def test_a_copied_field_is_refused_with_a_table_and_a_picture(small_study):
    small_study.snakemake("results/small/leaks.tsv")
    assert pd.read_csv(small_study.results / "leaks.tsv", sep="\t").empty
    assert not (small_study.results / "near_duplicates.png").exists()
    raw = small_study.results / "raw"
    for file in raw.glob("annotated-slide-1_*.tif"):
        copy = raw / file.name.replace("slide-1", "slide-2")
        tifffile.imwrite(copy, tifffile.imread(file)[:, ::-1])
    refused = small_study.snakemake("results/small/leaks.tsv", check=False)
    assert refused.returncode
    words = " ".join(refused.stdout.split())
    assert "1 pair of fields and cells that show the same in different splits" in words
    assert "annotated-slide-1" in words
    assert "annotated-slide-2" in words
    assert "results/small/near_duplicates.png shows them" in words
    assert (small_study.results / "near_duplicates.png").exists()
    assert not (small_study.results / "leaks.tsv").exists()
    kept = small_study.folder / "logs/small/check_splits.leaks.tsv"
    assert len(pd.read_csv(kept, sep="\t")) == 1


def test_a_copied_cell_is_refused_before_any_training_and_a_known_pair_trains_nothing_again(
    copied_cell,
):
    copied_cell.config["splits"] = {"near_duplicates": "refuse"}
    refused = copied_cell.write().snakemake(*TRAINED, check=False)
    words = " ".join(refused.stdout.split())
    assert "1 pair of fields and cells that show the same in different splits" in words
    assert "near-duplicate cell, as it is" in words
    assert not (copied_cell.results / "detector").exists()
    # by default in a study of one's own, a field is left out
    del copied_cell.config["splits"]
    copied_cell.write().snakemake(GATE)
    assert pd.read_csv(copied_cell.results / "leaks.tsv", sep="\t")["first_split"].size == 1
    assert "unused" in set(pd.read_csv(copied_cell.results / "splits.tsv", sep="\t")["split"])
    warned = (copied_cell.results / "warnings/split_fields.tsv").read_text()
    assert "show the same as fields of another split and are not used" in warned
    # allowed, it is trained on with a warning
    copied_cell.config["splits"] = {"near_duplicates": "allow"}
    copied_cell.write().snakemake(*TRAINED)
    assert "near-duplicate cell" in (copied_cell.results / "warnings/check_splits.tsv").read_text()
    assert copied_cell.planned(*TRAINED) == {}
    # the pair's row copied from one table to the other
    pairs = (copied_cell.results / "leaks.tsv").read_text()
    (copied_cell.folder / "known.tsv").write_text(pairs)
    copied_cell.config["splits"] = {"near_duplicates": "refuse", "known_pairs": "known.tsv"}
    copied_cell.config["detection"]["inference"] = {"scale": 1.5}
    assert set(copied_cell.write().planned(*TRAINED)) <= {"check_splits"}
    copied_cell.snakemake(GATE, *TRAINED)
    assert pd.read_csv(copied_cell.results / "leaks.tsv", sep="\t").empty


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("first\tother\nann0\tann1\n", "has no column second"),
        ("first\tsecond\nann0\tan1\n", "Line 2 of known.tsv (splits.known_pairs) names 'an1'"),
        (None, "known.tsv"),
    ],
    ids=["column", "field", "missing"],
)
def test_a_file_of_known_pairs_with_a_fault_is_refused_at_the_start(mini_study, file, words):
    if file:
        (mini_study.folder / "known.tsv").write_text(file)
    mini_study.config["splits"] = {"known_pairs": "known.tsv"}
    done = mini_study.write().snakemake("--dry-run", check=False)
    assert done.returncode
    assert words in done.stdout
    assert "Traceback" not in done.stdout


def test_fixed_splits_cannot_be_kept_together_which_is_said_at_the_start(mini_study):
    for row in mini_study.rows:
        row["split"] = row["split"] or "predict"
    mini_study.config["splits"] = {"near_duplicates": "keep_together"}
    done = mini_study.write().snakemake("--dry-run", check=False)
    assert done.returncode
    assert "keep_together, but no field can move" in done.stdout


def test_every_training_waits_for_the_gate(small_study):
    for target in ("detector/main", "classifier/main/seed0"):
        planned = small_study.planned(f"results/small/{target}/model.pt")
        assert planned["check_splits"] == 1
