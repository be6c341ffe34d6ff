"""Files without weights are recognised by their first bytes, before any compute."""

import json
import pickle
import zipfile
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from cellpheno.core.errors import StudyError
from cellpheno.core.weight_files import SAFE, TORCH, ZOO, check, kind_of

STATE = {"layer.weight": torch.zeros(3, 2), "n": torch.tensor(1)}


def sentence(path, kind=TORCH):
    """Return why a file is refused, and check that it is one plain sentence."""
    with pytest.raises(StudyError) as refusal:
        check(path, kind, "classification.model.weights")
    said = str(refusal.value)
    assert said.startswith(f"The config key classification.model.weights names {path}, which is ")
    assert said.isprintable()
    assert "weights_only" not in said
    return said


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize(
    "content", [STATE, nn.Linear(2, 2).state_dict(), {"state": STATE, "classes": ["a"]}]
)
def test_what_torch_has_saved_passes(tmp_path, content, modern):
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=modern)
    check(tmp_path / "w.pth", TORCH, "classification.model.weights")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><title>Quota exceeded</title></html>", "web page"),
        (b"\xef\xbb\xbf\n <?xml version='1.0'?><Error/>", "web page"),
        (b'{"message": "Not found"}', "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "Keras"),
        (b"\x1f\x8b\x08" + bytes(99), "unpack it"),
        (b"PK\x03\x04" + bytes(99), "cut off"),
        (b"\x80\x02" + bytes(range(99)), "cut off"),
        (b"anything else", "not a file that torch.save wrote"),
    ],
)
def test_a_file_that_is_something_else_is_named_as_what_it_is(tmp_path, content, what):
    (tmp_path / "w.pth").write_bytes(content)
    assert what in sentence(tmp_path / "w.pth")


def test_a_folder_is_no_file_of_weights(tmp_path):
    assert "folder" in sentence(tmp_path)


@pytest.mark.parametrize("modern", [True, False])
def test_a_whole_module_is_refused_by_its_name(tmp_path, modern):
    torch.save(nn.Linear(2, 2), tmp_path / "w.pth", _use_new_zipfile_serialization=modern)
    said = sentence(tmp_path / "w.pth")
    assert "torch.nn.modules.linear.Linear" in said
    assert "state_dict" in said


def test_a_program_is_no_weights(tmp_path):
    torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "w.pth")
    assert "TorchScript" in sentence(tmp_path / "w.pth")


def test_an_archive_of_something_else_is_no_weights(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("model.weights.h5", b"")
    assert "zip archive without weights" in sentence(tmp_path / "w.pth")


def test_a_download_that_ended_early_is_cut_off(tmp_path):
    torch.save(STATE, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "w.pth").write_bytes(content[: len(content) // 2])
    assert "cut off" in sentence(tmp_path / "w.pth")


def safetensors(shape, present, length=0x7B):
    """A file whose header is as long as a length whose byte is an opening brace."""
    header = {"w": {"dtype": "F32", "shape": [shape], "data_offsets": [0, 4 * shape]}}
    text = json.dumps(header).encode().ljust(length)
    return len(text).to_bytes(8, "little") + text + bytes(4 * present)


def test_safetensors_are_as_long_as_their_header_says(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors(5, 5))
    assert "without the config.json" in sentence(path, SAFE)
    (tmp_path / "config.json").touch()
    check(path, kind_of("transformers", str(path)), "detection.model.weights")
    path.write_bytes(safetensors(5, 4))
    assert "cut off" in sentence(path, SAFE)
    path.write_bytes(safetensors(5, 5))
    assert "safetensors" in sentence(path, kind_of("torchvision", str(path)))


def test_a_file_of_the_model_zoo_is_a_pickle(tmp_path):
    assert kind_of("detectron2", "model_final.pkl") == ZOO
    path, content = tmp_path / "w.pkl", {"model": {"weight": np.zeros((9, 9), np.float32)}}
    path.write_bytes(b"PK\x03\x04")
    assert "model zoo" in sentence(path, ZOO)
    path.write_bytes(pickle.dumps(content, protocol=2))
    check(path, ZOO, "detection.model.weights")
    path.write_bytes(path.read_bytes()[:-9])
    assert "cut off" in sentence(path, ZOO)
    path.write_bytes(pickle.dumps({**content, "trainer": Fraction(1, 2)}, protocol=2))
    assert "fractions.Fraction" in sentence(path, ZOO)
