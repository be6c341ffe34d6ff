"""Run the comparisons that the machine allows and write one table.

    python benchmarks/run.py                      # all sections, on the CPU
    python benchmarks/run.py crops gradcam        # some of them
    python benchmarks/run.py --device cuda        # the rows of a GPU

Both sides of a comparison run in one process, turn by turn, and must agree within the gate of the
scorecard; where one does not, the table says so and the command fails. A section that cannot be
measured is told, the others go on, and the command fails in the end.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.folders import work_folder

SECTIONS = (
    "crops",
    "tables",
    "fields",
    "gradcam",
    "classification",
    "detection",
    "training",
    "whole_field",
    "embedding",
)
ON_THE_CPU_ALONE = ("crops", "tables", "fields")
POINTS = {"cpu": [5000], "cuda": [100_000, 1_000_000]}
logger = logging.getLogger(__name__)
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for, print the table, write it; 1 where a gate fails."""
    options = _options(arguments)
    logging.basicConfig(level=logging.WARNING)
    import cv2
    import torch

    from benchmarks import timing
    from benchmarks.sections import Options

    cv2.setNumThreads(options.threads)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    on_gpu = device.type == "cuda"
    if on_gpu and not torch.cuda.is_available():
        raise SystemExit("--device cuda was asked for, but torch sees no GPU.")
    names = options.sections or [
        name for name in SECTIONS if not (on_gpu and name in ON_THE_CPU_ALONE)
    ]
    sections = _sections()
    found: list[timing.Comparison] = []
    broken: list[str] = []
    kept = _read(options.table) if options.keep else pd.DataFrame()
    for name in names:
        with work_folder(options.folder) as folder:
            try:
                rows = sections[name](
                    Options(device, options.rounds, options.tiny, folder, tuple(options.points))
                )
            except Exception:  # the other sections can still be measured
                logger.exception("section %s", name)
                broken.append(name)
                continue
        found += rows
        print(timing.table(rows, _name(device)).iloc[:, :13].to_string(index=False), flush=True)
        # after every section, so that what is measured stays if the next one is stopped
        table = timing.table(found, _name(device))
        _write(options.table, pd.concat([_without(kept, table), table]))
    failed = [each for each in found if not each.holds]
    for each in failed:
        print(f"{each.row}: {each.ours} does not hold the gate: {each.gate}")
    for name in broken:
        print(f"The section {name} could not be measured; its error is above.")
    return int(bool(failed or broken))


def _sections() -> dict[str, Callable]:
    """Return what measures each section, by its name on the command line."""
    from benchmarks.sections import (
        cell_tables,
        classification,
        crops,
        detection,
        gradcam,
        maps,
        raw_fields,
        training,
        whole_field,
    )

    return {
        "crops": crops.run,
        "tables": cell_tables.run,
        "fields": raw_fields.run,
        "gradcam": gradcam.run,
        "classification": classification.run,
        "detection": detection.run,
        "training": training.run,
        "whole_field": whole_field.run,
        "embedding": maps.run,
    }


def _name(device: object) -> str:
    import torch

    return torch.cuda.get_device_name() if device.type == "cuda" else "cpu"


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", keep_default_na=False) if path.exists() else pd.DataFrame()


def _write(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, float_format="%.6g")


def _without(before: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an earlier table that this run did not measure anew."""
    if before.empty:
        return before
    key = ["row", "reference", "ours", "device"]
    new = set(map(tuple, table[key].to_numpy()))
    return before[[tuple(row) not in new for row in before[key].to_numpy()]]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=1, help="of a CPU, for both sides")
    parser.add_argument("--rounds", type=int, default=3, help="timed turns of each way")
    parser.add_argument("--points", type=int, nargs="*", help="to embed")
    parser.add_argument("--tiny", action="store_true", help="check that all runs; measures nothing")
    parser.add_argument("--keep", action="store_true", help="keep the table's other rows")
    parser.add_argument("--folder", type=Path, help="where to work; the system's, if not given")
    parser.add_argument("--table", type=Path, default=RESULTS / "scorecard.tsv")
    options = parser.parse_args(arguments)
    options.points = options.points or POINTS[options.device]
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {min(unknown)!r}; choose from {', '.join(SECTIONS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
