"""Random streams that depend on their purpose, never on the order of the work."""

import hashlib

import numpy as np


def derive(seed: int, *keys: object) -> int:
    """Return a 63-bit seed for a purpose, such as `derive(seed, "simulate", field)`.

    Equal keys give equal seeds on every machine; different keys give independent ones.
    """
    text = "\x1f".join([str(seed), *map(str, keys)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *keys: object) -> np.random.Generator:
    """Return a NumPy generator for a purpose (see `derive`)."""
    return np.random.default_rng(derive(seed, *keys))
