"""Folders for users are replaced only if nobody has changed them."""

import pytest

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError


@pytest.fixture
def folder(tmp_path):
    """A folder with two files that the workflow has made."""
    made(tmp_path / "export")
    return tmp_path / "export"


def made(folder, content="{}"):
    with made_files.replaced(folder) as temporary:
        (temporary / "a.json").write_text(content)
        (temporary / "crops").mkdir()
        (temporary / "crops/a.png").write_bytes(b"picture")


def test_a_folder_as_it_was_made_is_replaced(folder):
    made(folder, "new")
    assert (folder / "a.json").read_text() == "new"


def test_a_folder_of_which_files_were_deleted_is_replaced(folder):
    (folder / "crops/a.png").unlink()
    made(folder)
    assert (folder / "crops/a.png").exists()


@pytest.mark.parametrize("name", ["a.json", "crops/a.json"])
def test_a_file_that_somebody_changed_or_added_is_never_replaced(folder, name):
    (folder / name).write_text("drawn by hand")
    with pytest.raises(StudyError, match=rf"{name} was added or changed .* move the folder away"):
        made(folder)
    assert (folder / name).read_text() == "drawn by hand"
    assert not list(folder.parent.glob(".*"))


def test_a_folder_that_the_workflow_did_not_make_is_never_replaced(tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export/notes.txt").write_text("mine")
    with pytest.raises(StudyError, match="notes.txt was added"):
        made(tmp_path / "export")
