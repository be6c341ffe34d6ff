"""Files of detectron2's model zoo, read without running anything (A15).

They are pickles of numpy's arrays. A pickle names functions and lets them be called; the reader
below knows a few names of numpy's, and answers them with stand-ins that keep what they are given.
"""

import codecs
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from cellpheno.detection.weights import check_there
from cellpheno.errors import StudyError

ENDING = ".pkl"
KINDS = ("f2", "f4", "f8", "i4", "i8")
"""What the numbers of an array may be."""


class _Kind:
    """Stands in for numpy's dtype."""

    def __init__(self, name: str, *_: object) -> None:
        if name not in KINDS:
            raise pickle.UnpicklingError(f"numbers of the kind {name}")
        self.name, self.order = name, "<"

    def __setstate__(self, state: tuple) -> None:
        self.order = ">" if state[1] == ">" else "<"


class _Array:
    """Stands in for numpy's array."""

    def __init__(self, *_: object) -> None:
        self.values = np.empty(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, columns_first, content = state
        if isinstance(content, str):  # of Python 2
            content = _encoded(content, "latin1")
        if not isinstance(kind, _Kind) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("an array of something else than numbers")
        values = np.frombuffer(content, kind.order + kind.name)
        values = values.reshape(shape, order="F" if columns_first else "C")
        self.values = values.astype(kind.name)


def _from_buffer(content: bytes, kind: _Kind, shape: tuple, order: str) -> _Array:
    """Return what the newest pickles write without `__setstate__`."""
    array = _Array()
    array.__setstate__((1, shape, kind, order == "F", bytes(content)))
    return array


def _encoded(text: str, encoding: str) -> bytes:
    """Return bytes that were written as text, as the oldest pickles do."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding}")
    return codecs.encode(text, encoding)


STAND_INS: dict[tuple[str, str], Any] = {
    ("_reconstruct", "numpy"): lambda *_: _Array(),
    ("ndarray", "numpy"): _Array,
    ("dtype", "numpy"): _Kind,
    ("_frombuffer", "numpy"): _from_buffer,
    ("encode", "_codecs"): _encoded,
    ("bytes", "__builtin__"): lambda: b"",
}


class _Reader(pickle.Unpickler):
    """Knows the names of `STAND_INS` alone."""

    def find_class(self, module: str, name: str) -> Any:
        known = STAND_INS.get((name, module.split(".")[0]))
        if known is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return known

    def persistent_load(self, _: object) -> Any:
        raise pickle.UnpicklingError("it refers to something outside")


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a file of the model zoo, its arrays as tensors.

    Parameters
    ----------
    path
        A file whose name ends in `.pkl`.

    Raises
    ------
    StudyError
        When there is no such file, or it holds more than dictionaries, lists, texts, numbers and
        arrays of numbers.
    """
    check_there(path)
    with Path(path).open("rb") as file:
        content = _load(file, path)
    content = _as_tensors(content)
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise StudyError(
            f"{path} has no weights under `model`, as files of detectron2's model zoo have; give "
            "one from there as it is, or a file that torch.save wrote."
        )
    return content


def _load(file: BinaryIO, path: str | Path) -> Any:
    try:
        return _Reader(file, encoding="latin1").load()
    except Exception as error:  # a damaged file can make the unpickler raise anything
        raise StudyError(
            f"{path} cannot be read as a file of detectron2's model zoo ({error}); fetch it again, "
            "or give a file that torch.save wrote."
        ) from error


def _as_tensors(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _as_tensors(value) for key, value in content.items()}
    return _tensor(content) if isinstance(content, _Array) else content


def _tensor(array: _Array) -> Tensor:
    return torch.from_numpy(array.values)
