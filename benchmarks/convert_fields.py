"""Time the conversion of raw fields against staging them through PNG files.

    python benchmarks/convert_fields.py --help

Makes its own 16-bit fields of three channels in a temporary folder and brings them, in one process
and turn by turn, from TIFF to the 0-255 image that a network reads:

- `direct`: as the workflow does, with fingerprint and quality, to a shard and back from it;
- `png_rgb8`: TIFF to an image of 8 bits, written as PNG and read again;
- `png_16`: TIFF to a PNG of 16 bits per channel, read again, to an image of 8 bits.

The PNG ways use the workflow's own counting and rescaling, take no fingerprint, measure no quality
and do not wait for the disk: only the staging counts against them. All must give the same pixels.
"""

import argparse
import cProfile
import functools
import os
import platform
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import timing
from benchmarks.folders import work_folder
from cellpheno.core.files import whole
from cellpheno.images import composite, store, study_range
from cellpheno.images.conversion import Converter
from cellpheno.images.quality.histogram import histogram

CHANNELS = ["red", "green", "blue"]
SETTINGS = {
    **{channel: channel for channel in CHANNELS},
    "rescale": "percentile",
    "percentiles": [0.5, 99.8],
    "window": {},
}
STAGES = {
    "fingerprint": ("~", "<method 'update' of '_hashlib.HASH' objects>"),
    "histogram": ("histogram.py", "histogram"),
    "rescale": ("composite.py", "rescale"),
    "stack": ("composite.py", "stack"),
    "quality": ("quality.py", "measure"),
}
"""Stage: file and function whose time it is."""
RESULTS = Path(__file__).parent / "results"

Row = dict[str, str]
Image = npt.NDArray[np.uint8]
Way = Callable[[list[Row], Path], list[Image]]


def main() -> None:
    """Measure what the command line asks for, print the table and write it."""
    options = _options()
    cv2.setNumThreads(1)  # as in the workflow's jobs
    if options.peak_memory:
        print(_peak_memory_mb(options.peak_memory, options.folder))
        return
    with work_folder(options.folder) as folder:
        rows = make_fields(folder, options)
        table = pd.concat(
            [
                compare(rows, folder, options.rounds, options.cold),
                stages(rows, folder, options.rounds),
                memory(rows, folder, options.memory_fields),
                describe_machine(options),
            ],
            ignore_index=True,
        )
    print(table.to_string(index=False))
    with whole(options.table) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def make_fields(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Write fields of round cells on a background, with photon noise, one TIFF per channel."""
    random = np.random.default_rng(0)
    shape = (options.height, options.width)
    rows = []
    for number in range(options.fields):
        row = {"field": f"field-{number}"}
        for channel in CHANNELS:
            light = np.full(shape, 300, np.float32)
            for _ in range(300):
                centre = tuple(int(random.integers(0, side)) for side in reversed(shape))
                radius, brightness = int(random.integers(15, 40)), random.uniform(400, 9e3)
                cv2.circle(light, centre, radius, brightness, -1)
            pixels = random.poisson(cv2.GaussianBlur(light, (0, 0), 4)).astype(np.uint16)
            row[channel] = str(folder / f"{row['field']}_{channel}.tif")
            packed = {} if options.compression == "none" else {"predictor": True}
            tifffile.imwrite(row[channel], pixels, compression=options.compression, **packed)
        rows.append(row)
    os.sync()
    return rows


def direct(rows: list[Row], folder: Path) -> list[Image]:
    """Convert as the workflow does."""
    shard = folder / "shard.npz"
    store.write(shard, Converter(CHANNELS, SETTINGS).images(rows))
    return [image for _, image in store.read(shard)]


def png_rgb8(rows: list[Row], folder: Path) -> list[Image]:
    """Convert to 8 bits, write as PNG in colour, read it again."""
    for row in rows:
        image = _composed({channel: tifffile.imread(row[channel]) for channel in CHANNELS})
        cv2.imwrite(str(folder / f"{row['field']}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return [
        cv2.cvtColor(cv2.imread(str(folder / f"{row['field']}.png")), cv2.COLOR_BGR2RGB)
        for row in rows
    ]


def png_16(rows: list[Row], folder: Path) -> list[Image]:
    """Write each channel as PNG with 16 bits, read it again, convert to 8 bits."""
    images = []
    for row in rows:
        channels = {}
        for channel in CHANNELS:
            png = str(folder / f"{row['field']}_{channel}.png")
            cv2.imwrite(png, tifffile.imread(row[channel]))
            channels[channel] = cv2.imread(png, cv2.IMREAD_UNCHANGED)
        images.append(_composed(channels))
    return images


def _composed(channels: dict[str, npt.NDArray[np.uint16]]) -> Image:
    rescaled = {}
    for name, channel in channels.items():
        low, high = composite.channel_range(
            histogram(channel), SETTINGS["rescale"], SETTINGS["percentiles"]
        )
        rescaled[name] = composite.rescale(channel, low, high)
    return composite.compose(rescaled, SETTINGS)


WAYS: dict[str, Way] = {"direct": direct, "png_rgb8": png_rgb8, "png_16": png_16}


def compare(rows: list[Row], folder: Path, rounds: int, cold: bool) -> pd.DataFrame:
    """Take the time of every way, turn by turn; refuse ways that do not agree on the pixels."""
    files = [row[channel] for row in rows for channel in CHANNELS]
    megabytes = sum(Path(file).stat().st_size for file in files) / 1e6
    ways = {name: functools.partial(way, rows, folder) for name, way in WAYS.items()}
    before = functools.partial(_forget, files) if cold else lambda: None
    times, images = timing.alternate(ways, rounds, before=before)
    for name in WAYS:
        if not all(map(np.array_equal, images[name], images["direct"])):
            raise SystemExit(f"{name} gives other pixels than direct.")
    wall = {name: np.array(took.wall) / len(rows) for name, took in times.items()}
    cpu = {name: np.array(took.cpu) / len(rows) for name, took in times.items()}
    found = []
    for name in WAYS:
        seconds, busy = np.median(wall[name]), np.median(cpu[name])
        found += [
            (name, "time per field, median", seconds * 1e3, "ms"),
            (name, "CPU time per field, median", busy * 1e3, "ms"),
            (name, "raw files converted", megabytes / len(rows) / seconds, "MB/s"),
            (name, "time relative to direct", seconds / np.median(wall["direct"]), ""),
            (name, "CPU time relative to direct", busy / np.median(cpu["direct"]), ""),
        ]
    return _table(found)


def _forget(files: list[str]) -> None:
    """Drop files from the system's cache, so that they are read from the disk."""
    for file in files:
        with Path(file).open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def stages(rows: list[Row], folder: Path, rounds: int) -> pd.DataFrame:
    """Take the CPU time of each stage of `direct`; that of waiting for a disk is not in it."""
    profile = cProfile.Profile(time.process_time)
    for _ in range(rounds):
        profile.runcall(direct, rows, folder)
    spent = pstats.Stats(profile).stats
    seconds = functools.partial(_cumulative, spent)
    took = {stage: seconds(*where) for stage, where in STAGES.items()}
    took["read and decode"] = seconds("readers.py", "read_field") - took["fingerprint"]
    took["read the shard"] = seconds("store.py", "read")
    total = seconds("convert_fields.py", "direct")
    took["write the shard, and all else"] = total - sum(took.values())
    began = time.process_time()
    study_range.count(rows, CHANNELS, {})
    first_pass = (time.process_time() - began) / len(rows) * 1e3
    found = [
        row
        for stage, value in took.items()
        for row in [
            ("direct", f"CPU time per field: {stage}", value / len(rows) / rounds * 1e3, "ms"),
            ("direct", f"share of the time: {stage}", value / total * 100, "%"),
        ]
    ]
    return _table([*found, ("study", "CPU time per field, first pass", first_pass, "ms")])


def _cumulative(spent: dict, file: str, function: str) -> float:
    return sum(
        values[3]
        for (path, _, name), values in spent.items()
        if Path(path).name == file and name == function
    )


def memory(rows: list[Row], folder: Path, fields: list[int]) -> pd.DataFrame:
    """Take the peak memory of a process that converts a shard, against its number of fields."""
    found = []
    for count in fields:
        command = [sys.executable, __file__, "--peak-memory", str(count), "--folder", str(folder)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        what = f"peak memory, fields in the shard: {count}"
        found.append(("direct", what, float(done.stdout), "MB"))
    return _table(found)


def _peak_memory_mb(count: int, folder: Path) -> float:
    """Convert a shard of so many fields, from the files of a few, and return the peak memory."""
    row = {channel: str(folder / f"field-0_{channel}.tif") for channel in CHANNELS}
    rows: Iterator[Row] = ({"field": f"field-{number}", **row} for number in range(count))
    store.write(folder / "shard.npz", Converter(CHANNELS, SETTINGS).images(rows))
    # of this process alone; getrusage also counts that of the one that started it
    [line] = [s for s in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in s]
    return int(line.split()[1]) * 1024 / 1e6


def describe_machine(options: argparse.Namespace) -> pd.DataFrame:
    """Say what the numbers were taken on."""
    found = {
        "machine": timing.machine(),
        "load, tasks that want a core": timing.load(),
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, cv2, tifffile)},
        **{key: str(value) for key, value in vars(options).items()},
    }
    return _table([("", key, value, "") for key, value in found.items()])


def _table(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["way", "what", "value", "unit"])
    return frame.assign(value=[v if isinstance(v, str) else f"{v:.4g}" for v in frame["value"]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--height", type=int, default=2160, help="px")
    parser.add_argument("--width", type=int, default=2560, help="px")
    parser.add_argument("--fields", type=int, default=3, help="in the shard that is timed")
    parser.add_argument("--rounds", type=int, default=5, help="timed turns of each way")
    parser.add_argument("--compression", default="none", help="of the TIFF: none, lzw, deflate")
    parser.add_argument("--cold", action="store_true", help="read the raw files from the disk")
    parser.add_argument("--memory-fields", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--folder", type=Path, help="where to work; the system's, if not given")
    parser.add_argument("--table", type=Path, default=RESULTS / "convert_fields.tsv")
    parser.add_argument("--peak-memory", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
