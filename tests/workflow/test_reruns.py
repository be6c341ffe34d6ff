"""Exactly what depends on a change is done again, and nothing else."""

import os
import time

import pytest
from conftest import another_checkout

TARGET = ["results/small/splits.tsv", "results/small/tiles/composite"]
"""As far as the training tiles, each result by name, as the rule `all` has them."""


@pytest.fixture
def study(small_study, tmp_path_factory):
    """A study done as far as the training tiles, by a copy of the workflow that may be edited."""
    small_study.snakefile = another_checkout(tmp_path_factory.mktemp("workflow"), time.time())
    small_study.snakemake(*TARGET)
    return small_study


def edit(study, module):
    path = study.snakefile.parent / "workflow/scripts/cellpheno" / module
    path.write_text(path.read_text() + "\n# an edit\n")


def test_a_second_call_does_nothing(study):
    assert study.planned(*TARGET) == {}


def test_a_checkout_elsewhere_with_other_dates_reruns_nothing(study, tmp_path):
    study.snakefile = another_checkout(tmp_path / "elsewhere", time.time() + 60)
    os.utime(study.folder / "fields.tsv", (time.time() + 60,) * 2)
    assert study.planned(*TARGET) == {}


def test_an_edited_module_reruns_the_rules_that_use_it_and_what_follows(study):
    edit(study, "detection/tiles.py")
    assert study.planned(*TARGET) == {"cut_tiles": 1}


def test_an_edited_module_near_the_ground_reruns_what_follows_too(study):
    edit(study, "images/composite.py")
    assert study.planned(*TARGET) == {
        "convert_fields": 2,
        "judge_fields": 1,
        "import_annotations": 1,
        "split_fields": 1,
        "cut_tiles": 1,
    }


def test_modules_that_no_done_rule_uses_rerun_nothing(study):
    edit(study, "tables/target.py")
    edit(study, "detection/backends/detr.py")
    edit(study, "embedding/maps.py")
    edit(study, "figures/calls/gallery.py")
    assert study.planned(*TARGET) == {}


def test_a_deleted_result_reruns_what_depends_on_it(study):
    (study.results / "splits.tsv").unlink()
    assert study.planned(*TARGET) == {"split_fields": 1, "cut_tiles": 1}


def test_a_changed_config_key_reruns_the_rules_that_read_it(study):
    study.config["tiles"]["columns"] = 1
    study.write()
    assert study.planned(*TARGET) == {"cut_tiles": 1}
    study.config["classification"]["training"]["epochs"] = 3
    study.config["tiles"]["columns"] = 2
    study.write()
    assert study.planned(*TARGET) == {}


def test_only_what_a_training_uses_trains_again(mini_study, tmp_path_factory):
    mini_study.snakefile = another_checkout(tmp_path_factory.mktemp("workflow"), time.time())
    models = ["detector/main/model.pt", "classifier/main/seed0/model.pt"]
    targets = [f"results/mini/{name}" for name in models]
    mini_study.write().snakemake(*targets)
    for module in (
        "core/errors.py",
        "core/progress.py",
        "tables/target.py",
        "detection/backends/detr.py",
        "figures/classification/roc.py",
        "study/first_page.py",
    ):
        edit(mini_study, module)
    (mini_study.snakefile.parent / "workflow/report/roc.rst").write_text("An edited caption.")
    assert mini_study.planned(*targets) == {}
    edit(mini_study, "detection/training.py")
    assert mini_study.planned(*targets) == {"train_detector": 1}
    edit(mini_study, "classification/training.py")
    assert mini_study.planned(*targets) == {"train_detector": 1, "train_classifier": 1}
