"""Weights of detectron2's model zoo are pickles: arrays of them are read, and nothing is run."""

import os
import pickle

import numpy as np
import pytest
import torch

from cellpheno.core.errors import StudyError
from cellpheno.detection.backends import model_zoo

ARRAYS = {
    "stem.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 7,
    "columns first": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    "big endian": np.arange(3, dtype=">f4"),
    "a count": np.array(7, dtype=np.int64),
}


def written(folder, content, protocol=3):
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(5))
def test_arrays_are_read_in_every_protocol_that_the_model_zoo_uses(protocol, tmp_path):
    content = {"model": ARRAYS, "__author__": "Detectron2 Model Zoo", "matching_heuristics": True}
    found = model_zoo.read(written(tmp_path, content, protocol))
    assert found["__author__"] == "Detectron2 Model Zoo"
    assert found["model"].keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        expected = torch.from_numpy(
            np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="))
        )
        assert torch.equal(found["model"][name], expected.reshape(array.shape)), name
        assert found["model"][name].dtype == expected.dtype


class Runs:
    """An object that an attacker would put in place of an array."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_file_that_would_run_something_is_refused_and_runs_nothing(protocol, tmp_path):
    target = tmp_path / "run"
    for call in (Runs(os.system, f"touch {target}"), Runs(eval, f"open({str(target)!r}, 'w')")):
        path = written(tmp_path, {"model": {"stem.weight": call}}, protocol)
        with pytest.raises(StudyError, match=r"cannot be read .*asks for (posix|builtins|__b)"):
            model_zoo.read(path)
    assert not target.exists()


def test_arrays_of_something_else_than_numbers_are_refused(tmp_path):
    for array in (np.array([{}], dtype=object), np.array(["a"]), np.zeros(2, "f4,i4")):
        with pytest.raises(StudyError, match="cannot be read"):
            model_zoo.read(written(tmp_path, {"model": {"a": array}}))


def test_files_that_are_not_from_the_model_zoo_are_refused(tmp_path):
    with pytest.raises(StudyError, match="There is no file"):
        model_zoo.read(tmp_path / "none.pkl")
    whole = written(tmp_path, {"model": ARRAYS})
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(StudyError, match="cannot be read"):
        model_zoo.read(whole)
    with pytest.raises(StudyError, match="no weights under `model`"):
        model_zoo.read(written(tmp_path, [1, 2]))
