"""Listing a folder: files, links, and files that are not images."""

import os

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.sheets import folder


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("f2.tif", "a/f1.tif", "a/b/f3.tif"):
        (tmp_path / name).touch()
    return tmp_path


def test_files_are_listed_in_depth_and_sorted(root):
    listing = folder.files(root)
    assert listing.files == ["a/b/f3.tif", "a/f1.tif", "f2.tif"]
    assert (listing.hidden, listing.unreadable) == (0, [])


def test_hidden_files_previews_and_what_systems_leave_are_passed_over_and_counted(root):
    for name in (".DS_Store", "._f2.tif", "a/Thumbs.db", "desktop.ini"):
        (root / name).touch()
    (root / "@eaDir").mkdir()
    (root / "@eaDir/f2.tif").touch()
    listing = folder.files(root)
    assert len(listing.files) == 3
    assert listing.hidden == 5


def test_a_zarr_folder_is_one_file(root):
    (root / "a/f9.ome.zarr/0").mkdir(parents=True)
    (root / "a/f9.ome.zarr/0/.zarray").touch()
    assert "a/f9.ome.zarr" in folder.files(root).files
    assert len(folder.files(root).files) == 4


def test_a_link_that_leads_in_a_circle_is_followed_once(root):
    (root / "a/b/up").symlink_to(root / "a")
    (root / "self").symlink_to("self")
    listing = folder.files(root)
    assert len(listing.files) == 3
    assert listing.unreadable[0] == "a/b/up/ (a link to a/, which is listed already)"
    assert listing.unreadable[1].startswith("self (Too many levels of symbolic links")


def test_a_link_to_another_folder_is_followed_and_own_folders_come_first(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "f7.tif").touch()
    (root / "0link").symlink_to(elsewhere)
    (root / "0again").symlink_to(root / "a")
    listing = folder.files(root)
    assert listing.files == ["0link/f7.tif", "a/b/f3.tif", "a/f1.tif", "f2.tif"]


def test_links_that_lead_nowhere_and_pipes_are_reported(root):
    (root / "gone.tif").symlink_to("nowhere.tif")
    os.mkfifo(root / "pipe.tif")
    listing = folder.files(root)
    assert len(listing.files) == 3
    assert listing.unreadable == [
        "gone.tif (a link that leads nowhere)",
        "pipe.tif (a device or a pipe)",
    ]


def test_a_folder_that_may_not_be_opened_is_reported_and_the_rest_listed(root, ordinary_user):
    (root / "a/b").chmod(0o000)
    listing = ordinary_user(folder.files, root)
    (root / "a/b").chmod(0o700)
    assert listing.files == ["a/f1.tif", "f2.tif"]
    assert listing.unreadable == ["a/b/ (Permission denied)"]


def test_a_study_s_folder_that_is_not_there_or_may_not_be_opened_is_refused(root, ordinary_user):
    with pytest.raises(StudyError, match="does not exist"):
        folder.files(root / "c")
    (root / "a").chmod(0o000)
    with pytest.raises(StudyError, match="cannot be opened"):
        ordinary_user(folder.files, root / "a")
    (root / "a").chmod(0o700)
