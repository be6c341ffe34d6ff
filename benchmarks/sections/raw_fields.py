"""I1: raw fields to the image that a network reads; `convert_fields.py` has the details."""

import argparse

import numpy as np

from benchmarks import convert_fields
from benchmarks.sections import Options
from benchmarks.timing import Comparison, alternate

GOALS = {("none", "png_rgb8"): 50, ("lzw", "png_rgb8"): 2, ("lzw", "png_16"): 3.5}


def run(options: Options) -> list[Comparison]:
    """Compare a shard of arrays with staging through PNG, for plain and for packed TIFF."""
    found = []
    height, width = (90, 130) if options.tiny else (2160, 2560)
    for compression in ("none", "lzw"):
        folder = options.folder / compression
        folder.mkdir()
        made = argparse.Namespace(height=height, width=width, fields=1, compression=compression)
        rows = convert_fields.make_fields(folder, made)
        ways = {
            name: lambda way=way, folder=folder, rows=rows: way(rows, folder)
            for name, way in convert_fields.WAYS.items()
        }
        times, images = alternate(ways, options.rounds)
        for name in ("png_rgb8", "png_16"):
            same = all(map(np.array_equal, images[name], images["direct"]))
            found.append(
                Comparison(
                    row="I1",
                    what=f"a field of three channels of 16 bits, {compression} compression",
                    reference={"png_rgb8": "PNG of 8 bits", "png_16": "PNG of 16 bits"}[name],
                    reference_ms=min(times[name].cpu) * 1e3,
                    ours="a shard of arrays, with quality and fingerprint",
                    ours_ms=min(times["direct"].cpu) * 1e3,
                    goal=GOALS.get((compression, name)),
                    gate="the same pixels",
                    measured=float(not same),
                    holds=same,
                )
            )
    return found
