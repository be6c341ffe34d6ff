"""The leak gate stands between the images and the trainings."""

import pandas as pd
import tifffile


def test_a_study_of_independent_fields_passes_and_a_copied_field_is_refused(small_study):
    small_study.snakemake("results/small/splits.tsv")
    pairs = pd.read_csv(small_study.results / "leaks.tsv", sep="\t")
    assert pairs.empty
    raw = small_study.results / "raw"
    for file in raw.glob("annotated-slide-1_*.tif"):
        copy = raw / file.name.replace("slide-1", "slide-2")
        tifffile.imwrite(copy, tifffile.imread(file)[:, ::-1])
    refused = small_study.snakemake("results/small/splits.tsv", check=False)
    assert refused.returncode
    words = " ".join(refused.stdout.split())
    assert "1 pairs of fields that show the same are in different splits" in words
    assert "annotated-slide-1" in words
    assert "annotated-slide-2" in words
    assert not (small_study.results / "splits.tsv").exists()
    kept = small_study.folder / "logs/small/split_fields.leaks.tsv"
    assert len(pd.read_csv(kept, sep="\t")) == 1
    # the same with the config's other word
    small_study.config["splits"]["near_duplicates"] = "allow"
    small_study.write().snakemake("results/small/splits.tsv")
    assert len(pd.read_csv(small_study.results / "leaks.tsv", sep="\t")) == 1


def test_every_training_of_a_classifier_waits_for_the_gate(small_study):
    planned = small_study.planned("results/small/classifier/main/seed0/model.pt")
    assert planned["check_leaks"] == 1
