"""The same seed gives the same tables, whatever the number of cores and the dates of files."""

import copy
import time

import pandas as pd
import pytest
from conftest import Study, another_checkout

pytestmark = pytest.mark.slow

CLASSES = ["non-CIC", "partial", "one-in-one"]


@pytest.fixture
def config(small_config):
    """A study as small as all stages allow: three classes, two conditions."""
    config = copy.deepcopy(small_config)
    config.update(classes=CLASSES, class_groups={"CIC": CLASSES[1:]})
    config["simulation"].update(height=256, width=320, cells_per_field=14)
    half = {"partial": 0.3, "one-in-one": 0.3}
    config["simulation"]["cell_lines"] = {}
    config["simulation"]["frequencies"] = dict.fromkeys(["annotated", "control", "mock"], half)
    config["statistics"]["exclude_classes"] = []
    config["detection"]["training"].update(steps=60)
    config["classification"]["crops"]["size"] = 48
    config["classification"]["training"].update(epochs=2)
    config["embedding"].update(perplexity=5, neighbors=5)
    return config


def test_one_core_and_two_cores_of_checkouts_with_other_dates_give_the_same_tables(
    tmp_path, config, small_rows
):
    rows = pd.DataFrame(small_rows)
    more = rows[rows["condition"] == "annotated"].replace("slide-", "slide-1", regex=True)
    made, day = [], 86_400
    for cores, date in ((1, time.time() - 365 * day), (2, time.time() - day)):
        folder = tmp_path / f"cores-{cores}"
        folder.mkdir()
        study = Study(folder, config, another_checkout(tmp_path / f"checkout-{cores}", date))
        study.write_fields(pd.concat([rows, more]).to_dict("records"))
        study.write().snakemake("--resources", "gpu=1", cores=cores)
        made.append(study)
    first, second = made
    assert len(first.tables()) > 25
    assert second.tables() == first.tables()
    # each is done, whichever checkout is asked
    first.snakefile, second.snakefile = second.snakefile, first.snakefile
    assert first.planned() == {}
    assert second.planned() == {}
    # nor does one that is made after them
    first.snakefile = another_checkout(tmp_path / "checkout-3", time.time() + day)
    assert first.planned() == {}
