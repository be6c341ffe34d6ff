"""Files are whole or missing, whatever the disk does."""

import contextlib
import errno
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from cellpheno.core import files
from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole, whole_folder
from cellpheno.core.randomness import derive, generator
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.quality import SPLITS

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"
PIXELS = np.random.default_rng(0).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "table.tsv"
    with whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".tsv"
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from cellpheno.core.files import whole
from cellpheno.core.files import whole_folder
with {kind}(sys.argv[1]) as temporary:
    (temporary if "{kind}" == "whole" else temporary / "part").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["whole", "whole_folder"])
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path, kind):
    path, other = tmp_path / "shard.npz", tmp_path / ".shard.other.1.abc.tmp.npz"
    code = KILLED.format(kind=kind)
    subprocess.run([sys.executable, "-c", code, path], env={"PYTHONPATH": str(SCRIPTS)})
    assert [left.suffix for left in tmp_path.iterdir()] == [".npz"]
    assert not path.exists()
    other.write_text("of a living writer on another machine")
    with whole(path) as temporary:
        temporary.write_text("whole")
        with whole(path) as living:
            living.write_text("whole")
            assert temporary.exists()
    assert sorted(tmp_path.iterdir()) == [other, path]


def test_a_folder_replaces_the_old_one_when_it_is_whole(tmp_path):
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "old.png").touch()
    with whole_folder(tmp_path / "tiles") as temporary:
        (temporary / "new.png").touch()
        assert (tmp_path / "tiles" / "old.png").exists()
    assert [path.name for path in (tmp_path / "tiles").iterdir()] == ["new.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["tiles"]


def write_text(folder):
    with whole(folder / "a.json") as temporary:
        temporary.write_text(json.dumps(PIXELS.ravel()[:1_000_000].tolist()))


def write_array(folder):
    with whole(folder / "a.npy") as temporary:
        np.save(temporary, PIXELS)


def write_array_through_memory(folder):
    with whole(folder / "a.npy") as temporary:
        array = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape=PIXELS.shape)
        files.reserve(temporary)
        array[:] = PIXELS


def write_shard(folder):
    store.write(folder / "a.npz", [("field", PIXELS)])


def write_weights(folder):
    with whole(folder / "a.pt") as temporary:
        torch.save({"weights": torch.from_numpy(PIXELS)}, temporary)


def write_picture(folder):
    with whole(folder / "a.png") as temporary:
        Image.fromarray(PIXELS).save(temporary)


def write_tiles(folder):
    with whole_folder(folder / "a") as temporary:
        Image.fromarray(PIXELS).save(temporary / "tile.png")


def write_table(folder):
    rows = {"field": [f"f{n}" for n in range(200_000)], "split": "predict", "complete": False}
    columns = {
        "condition": "mock",
        "replicate": "r1",
        "group": PIXELS.ravel()[:200_000].astype(str),
    }
    storage.write(pd.DataFrame({**rows, **columns}), folder / "a.tsv", SPLITS)


WRITERS = [
    write_text,
    write_array,
    write_array_through_memory,
    write_shard,
    write_weights,
    write_picture,
    write_tiles,
    write_table,
]


def refusal(write, folder) -> str:
    """Return the sentence that a write ends with, which leaves the folder as it was."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(StudyError) as error:
        write(folder)
    assert sorted(folder.rglob("*")) == before
    assert "\n" not in str(error.value)
    assert str(folder / "a") in str(error.value)
    return str(error.value)


@pytest.fixture
def small_files():
    """No file may grow beyond 100,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def tiny_disk(tmp_path, small_disk):
    """A disk of one megabyte."""
    return small_disk(tmp_path, 1024)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_limit_on_the_size_of_files_ends_in_one_sentence(tmp_path, small_files, write):
    assert "the allowed file size; raise the limit (`ulimit -f`)" in refusal(write, tmp_path)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_full_disk_ends_in_one_sentence(tiny_disk, write):
    assert "the disk is full; free some" in refusal(write, tiny_disk)


@pytest.mark.parametrize("write", [write_picture, write_tiles], ids=["file", "folder"])
def test_a_folder_that_may_not_be_written_to_ends_in_one_sentence(tmp_path, ordinary_user, write):
    tmp_path.chmod(0o500)
    sentence = ordinary_user(refusal, write, tmp_path)
    tmp_path.chmod(0o700)
    assert "you may not write there" in sentence


def test_a_folder_that_cannot_be_made_ends_in_one_sentence(tmp_path):
    (tmp_path / "a").touch()
    assert "a file is in the way" in refusal(
        lambda folder: write_picture(folder / "a/deeper"), tmp_path
    )


def test_a_folder_in_the_place_of_the_file_ends_in_one_sentence(tmp_path):
    (tmp_path / "a.png").mkdir()
    assert "a folder is in the way" in refusal(write_picture, tmp_path)


def test_a_file_that_cannot_be_read_meanwhile_is_not_taken_for_the_one_written(tmp_path):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "a.txt"):
        (tmp_path / "input.txt").read_text()
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "input.txt"))
    with pytest.raises(PermissionError), whole(tmp_path / "a.txt"):
        raise error


def test_folders_that_can_be_made_are_writable(tmp_path):
    files.check_writable([tmp_path, tmp_path / "new/deeper"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named_before_any_compute(tmp_path, ordinary_user):
    (tmp_path / "results").mkdir(mode=0o500)
    with pytest.raises(StudyError, match=r"results, which cannot be written to"):
        ordinary_user(files.check_writable, [tmp_path / "results/study"])
    (tmp_path / "logs").touch()
    with pytest.raises(StudyError, match=r"logs, which is a file"):
        files.check_writable([tmp_path / "logs/study"])


def test_a_disk_that_is_full_already_is_named_before_any_compute(tiny_disk):
    with contextlib.suppress(OSError):
        (tiny_disk / "all").write_bytes(bytes(2_000_000))
    with pytest.raises(StudyError, match="is full"):
        files.check_writable([tiny_disk])


def test_a_random_stream_depends_on_its_purpose_alone():
    first = generator(0, "simulate", "a").random(3)
    generator(0, "simulate", "b").random(3)
    assert (generator(0, "simulate", "a").random(3) == first).all()
    assert derive(0, "simulate", "b") != derive(0, "simulate", "a") != derive(1, "simulate", "a")
    assert derive(0, "ab", "c") != derive(0, "a", "bc")
