"""Simulated files lie in the study's own folder and never replace files of a user."""

import pytest

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError
from cellpheno.study import simulated_files

RAW = "results/s/raw"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check simulated files as the Snakefile does, in a folder of their own."""
    monkeypatch.chdir(tmp_path)

    def called(*paths, data_root=RAW):
        config = {"study": "s", "data_root": data_root}
        simulated_files.check(paths, config, "study.yaml", tmp_path)

    return called


def refused(check, *paths, **options) -> str:
    with pytest.raises(StudyError, match="study.yaml") as error:
        check(*paths, **options)
    return str(error.value)


def test_files_below_the_studys_own_folder_are_simulated(check):
    check(f"{RAW}/a.tif", f"{RAW}/plate/b.tif", f"{RAW}/via.json")
    check(f"{RAW}/inner/a.tif", data_root=f"{RAW}/inner")


@pytest.mark.parametrize(
    "path",
    [
        "/home/lab/a.tif",
        "data/a.tif",
        "../victim",
        f"{RAW}/../cells.parquet",
        f"{RAW}/../../../victim",
        "results/s/cells.parquet",
        "results/other/raw/a.tif",
        "results/s/rawer/a.tif",
        RAW,
        f"{RAW}/.made_by_cellpheno",
        f"{RAW}/a\nb.tif",
    ],
)
def test_a_simulated_file_anywhere_else_is_refused(check, path):
    assert f"lie in {RAW}" in refused(check, f"{RAW}/a.tif", path)


@pytest.mark.parametrize("data_root", [".", "data", "/data", "results/s", f"{RAW}/..", f"./{RAW}"])
def test_a_data_root_anywhere_else_is_refused_even_if_no_file_is_named(check, data_root):
    assert repr(data_root) in refused(check, data_root=data_root)


def test_what_is_there_is_refused_unless_the_workflow_has_made_it(check, tmp_path):
    path = f"{RAW}/a.tif"
    simulated_files.claim("s", [path])
    (tmp_path / path).write_text("simulated")
    check(path)
    (tmp_path / RAW / "mine.json").write_text("work of weeks")
    assert f"would replace {RAW}/mine.json" in refused(check, path, f"{RAW}/mine.json")
    (tmp_path / RAW / "folder").mkdir()
    assert f"would replace {RAW}/folder" in refused(check, f"{RAW}/folder")


def test_a_dangling_link_is_there_too(check, tmp_path):
    (tmp_path / RAW).mkdir(parents=True)
    (tmp_path / RAW / "a.tif").symlink_to(tmp_path / RAW / "gone.tif")
    assert "which exists and was not made" in refused(check, f"{RAW}/a.tif")


@pytest.mark.parametrize("link", [RAW, f"{RAW}/plate", f"{RAW}/plate/a.tif"])
def test_a_link_that_leads_out_of_the_results_is_refused(check, tmp_path, link):
    (tmp_path / "victim").mkdir()
    (tmp_path / link).parent.mkdir(parents=True)
    (tmp_path / link).symlink_to(tmp_path / "victim")
    assert f"to {tmp_path}/victim" in refused(check, f"{RAW}/plate/a.tif")


def test_results_on_another_disk_by_a_link_are_used(check, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "disk")
    check(f"{RAW}/a.tif")


def test_a_file_named_twice_or_inside_another_is_refused(check):
    assert "two simulated files" in refused(check, f"{RAW}/a.tif", f"{RAW}/a.tif")
    assert "rename one" in refused(check, f"{RAW}/boxes", f"{RAW}/boxes/a.tif")


def test_claims_of_several_jobs_add_up_and_outlive_one_that_was_killed(check, tmp_path):
    simulated_files.claim("s", [f"{RAW}/a.tif"])
    with (tmp_path / RAW / made_files.MADE).open("a") as stream:
        stream.write(f"{RAW}/unfinish")
    simulated_files.claim("s", [f"{RAW}/b.tif"])
    for name in ("a.tif", "b.tif"):
        (tmp_path / RAW / name).touch()
    check(f"{RAW}/a.tif", f"{RAW}/b.tif")


def test_the_files_of_simulated_annotators_come_in_the_order_of_the_simulation():
    config = {"simulation": {"annotators": [{"name": "second"}, {"name": "first"}]}}
    people = [
        {"annotator": name, "files": [f"{name}.json"]}
        for name in ("senior", "first", "person", "second")
    ]
    expected = ["senior.json", "second.json", "first.json"]
    assert simulated_files.annotations(config, people) == expected
    assert simulated_files.annotations({}, people) == []
