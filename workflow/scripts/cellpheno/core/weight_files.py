"""Check the format of files of weights, without running anything in them.

Whoever loads the weights compares their names and shapes with the network.
"""

import json
import pickletools
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from cellpheno.core.errors import StudyError

Code = tuple[pickletools.OpcodeInfo, Any, int | None]

TORCH, ZOO, SAFE = "torch", "detectron2's model zoo", "safetensors"
"""Formats: of `torch.save`, pickled arrays, and Hugging Face's format."""

_AGAIN = "download the file itself again"
_SAVE = "save its state dict: torch.save(network.state_dict(), path)"
_OTHERS = (
    (b"version https://git-lfs", "a pointer of Git LFS", f"{_AGAIN} (`git lfs pull`)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", "provide weights of PyTorch"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and name the file in it"),
    (b"\xfd7zXZ", "an xz archive", "unpack it and name the file in it"),
    (b"BZh", "a bzip2 archive", "unpack it and name the file in it"),
    (b"\x93NUMPY", "a NumPy array", "provide weights of PyTorch"),
)
"""First bytes, the format they indicate, and what to do."""
_PLAIN = ("collections", "torch", "numpy", "_codecs", "builtins", "__builtin__", "copyreg")
"""Packages that a file of tensors and numbers may refer to."""
_LONGEST = 1 << 24
"""Bytes of a pickle of names, or of a header, that are read."""


def kind_of(backend: str, path: str | None) -> str:
    """Return the format that `detection.model.backend` expects of a detector's weights."""
    ending = Path(path or "").suffix
    if backend == "detectron2" and ending == ".pkl":
        return ZOO
    return SAFE if backend == "transformers" and ending == ".safetensors" else TORCH


def check(path: Path, kind: str, key: str) -> None:
    """Refuse an existing file that does not contain weights in the format `kind`.

    Raises a StudyError that names the config key and the actual content, and says what to do.
    """
    fault = _fault(path, kind)
    if fault is not None:
        what, remedy = fault
        raise StudyError(f"The config key {key} names {path}, which is {what}; {remedy}.")


def _fault(path: Path, kind: str) -> tuple[str, str] | None:
    """Return what a file is instead of weights, and what to do; None if it may be weights."""
    if not path.is_file():
        return "not a regular file", "name the file of weights"
    if kind == SAFE and not path.with_name("config.json").is_file():
        return "without the config.json of its model", "copy that file into its folder"
    with path.open("rb") as stream:
        start = stream.read(512)
        stream.seek(0)
        if not start:
            return "empty", _AGAIN
        text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        # safetensors begin with the length of their header, whose bytes may look like text
        if text.startswith((b"<", b"{")) and not (kind == SAFE and start[8:9] == b"{"):
            return "a web page or another text, not weights", _AGAIN
        for first, what, remedy in _OTHERS:
            if start.startswith(first):
                return what, remedy
        try:
            return {TORCH: _torch_fault, ZOO: _zoo_fault, SAFE: _safe_fault}[kind](stream, start)
        except Exception:  # zipfile, json and pickletools raise all kinds on a damaged file
            return "damaged or cut off", _AGAIN


def _torch_fault(stream: BinaryIO, start: bytes) -> tuple[str, str] | None:
    if start.startswith(b"PK"):
        return _zip_fault(stream)
    if start[8:9] == b"{":
        return "a safetensors file, which cannot be read here", _SAVE
    if start.startswith(b"\x80"):
        return _objects(_names(stream))
    return "not a file that torch.save wrote", _AGAIN


def _zip_fault(stream: BinaryIO) -> tuple[str, str] | None:
    with zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        objects = [name for name in names if name.endswith("/data.pkl")]
        if any("/code/" in name for name in names):
            return "a TorchScript program, not only weights", _SAVE
        if not objects:
            return "a zip archive without weights of PyTorch", _SAVE
        with archive.open(objects[0]) as content:
            return _objects(_names(content))


def _objects(names: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the fault of a file that contains objects other than tensors and numbers."""
    for module, name in names:
        if module.split(".")[0] not in _PLAIN or module.startswith("torch.nn.modules"):
            return f"not only weights but contains a Python object ({module}.{name})", _SAVE
    return None


def _names(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Yield the Python names that a file refers to, without resolving them.

    The oldest torch files are several pickles in a row, of which the fourth is the content.
    """
    start = stream.read(_LONGEST)
    position = 0
    for _ in range(4):
        codes = list(pickletools.genops(start[position:]))
        yield from _named(codes)
        position += (codes[-1][2] or 0) + 1
        if position >= len(start) or start[position : position + 1] != b"\x80":
            return


def _named(codes: Iterable[Code]) -> Iterator[tuple[str, str]]:
    for code, value, _at in codes:
        if code.name == "GLOBAL":  # the only way in the protocols of torch.save and of the zoo
            module, name = str(value).split(" ", 1)
            yield module, name


def _zoo_fault(stream: BinaryIO, start: bytes) -> tuple[str, str] | None:
    if not start.startswith((b"\x80", b"(")):
        return "not a file of detectron2's model zoo", _AGAIN
    return _objects(_named(pickletools.genops(stream)))


def _safe_fault(stream: BinaryIO, start: bytes) -> tuple[str, str] | None:
    """Compare the header of a safetensors file with the file's size."""
    length = int.from_bytes(start[:8], "little")
    size = stream.seek(0, 2)
    if start[8:9] != b"{" or length > _LONGEST:
        return "not a safetensors file", _AGAIN
    stream.seek(8)
    header = json.loads(stream.read(length))
    ends = [each["data_offsets"][1] for key, each in header.items() if key != "__metadata__"]
    return None if max(ends, default=0) + 8 + length == size else ("cut off", _AGAIN)
