"""Read weights of detectron2's model zoo (A15), which are pickles of numpy arrays.

A pickle can name any function and have it called. Here every allowed name gives an object that only
keeps its arguments, from which the arrays are made afterwards, so a file cannot run anything.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cellpheno.core.errors import StudyError
from cellpheno.networks.weights import check_there

ENDING = ".pkl"
ALLOWED = {
    ("numpy", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),  # of bytes in protocols 0 to 2
}
"""Package and name of the functions that pickled arrays name."""
NUMBERS = ("f2", "f4", "f8", "i4", "i8")


class _Kept:
    """Arguments and state of an object in a pickle."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[_Kept]:
        if (module.split(".")[0], name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _Kept


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a file of the model zoo, its arrays as tensors.

    Raises StudyError unless it holds dictionaries, lists, texts, numbers and arrays of numbers.
    """
    check_there(path)
    try:
        with Path(path).open("rb") as file:
            content = _as_tensors(_Unpickler(file, encoding="latin1").load())
    except Exception as error:  # a damaged file can make the unpickler raise anything
        raise StudyError(
            f"{path} cannot be read as a file of detectron2's model zoo ({error}); fetch it again, "
            "or give a file that torch.save wrote."
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise StudyError(
            f"{path} has no weights under `model`, as files of detectron2's model zoo have; give "
            "one from there as it is, or a file that torch.save wrote."
        )
    return content


def _as_tensors(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _as_tensors(value) for key, value in content.items()}
    if not isinstance(content, _Kept):
        return content
    _, shape, kind, columns_first, numbers = content.state
    name, order = kind.arguments[0], kind.state[1]
    if name not in NUMBERS:
        raise pickle.UnpicklingError(f"numbers of the kind {name}")
    if isinstance(numbers, _Kept):
        numbers = numbers.arguments[0]
    if isinstance(numbers, str):  # of Python 2, or encoded
        numbers = numbers.encode("latin1")
    array = np.frombuffer(numbers, np.dtype(name).newbyteorder(order))
    array = array.reshape(shape, order="F" if columns_first else "C")
    return torch.from_numpy(array.astype(name))
