"""Random streams that depend on what they are for, never on the order of the work."""

import hashlib

import numpy as np


def derive(seed: int, *keys: object) -> int:
    """Return a 63-bit seed for the thing named by `keys`.

    Parameters
    ----------
    seed
        The study's seed.
    keys
        What the stream is for, such as ("simulate", field): equal keys give equal seeds on
        every machine, other keys give independent ones.
    """
    text = "\x1f".join([str(seed), *map(str, keys)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *keys: object) -> np.random.Generator:
    """Return a NumPy generator for the thing named by `keys` (see `derive`)."""
    return np.random.default_rng(derive(seed, *keys))
