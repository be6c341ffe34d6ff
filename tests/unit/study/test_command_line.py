"""Checks before any job use Snakemake's command line."""

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import command_line


@pytest.fixture
def called(monkeypatch, tmp_path):
    """Set the command line of this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["snakemake", *arguments])

    return call


@pytest.mark.parametrize(
    ("arguments", "alone"),
    [
        (["fetch", "--cores", "1"], True),
        (["fetch", "report", "--cores", "1"], False),
        (["--cores", "1", "--configfile", "fetch"], False),
        ([], False),
    ],
)
def test_public_data_alone_are_asked_for(called, arguments, alone):
    called(*arguments)
    assert command_line.only_fetches() is alone


def test_results_of_a_changed_sheet_are_made_again_unless_told_otherwise(called, tmp_path):
    (tmp_path / ".snakemake/metadata").mkdir(parents=True)
    (tmp_path / ".snakemake/metadata/record").touch()
    for arguments, keeps in (
        ([], False),
        (["--touch"], True),
        (["--rerun-triggers", "mtime"], True),
        (["--rerun-triggers", "mtime", "--forceall"], False),
    ):
        called("--cores", "1", *arguments)
        assert command_line.keeps_changed_results() is keeps, arguments


def test_without_records_results_are_kept(called):
    called("--cores", "1")
    assert command_line.keeps_changed_results()


def test_a_profile_of_the_working_folder_is_found_unless_another_is_named(called, tmp_path):
    (tmp_path / "profiles/default").mkdir(parents=True)
    called("--cores", "1")
    assert [str(path) for path in command_line.unnamed_profiles()] == ["profiles/default"]
    called("--cores", "1", "--workflow-profile", "none")
    assert command_line.unnamed_profiles() == []


def test_values_of_the_command_line_take_the_place_of_written_ones(called, tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 1\nstudy: a\n")
    called("--config", "seed=2")
    written = command_line.as_written([tmp_path / "a.yaml"], {"seed": 2}, check=True)
    assert list(written) == [("study",)]
    called("--config", "seed=2", "seed=3")
    with pytest.raises(StudyError, match="twice"):
        command_line.as_written([], {"seed": 3}, check=True)
