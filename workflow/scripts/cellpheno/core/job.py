"""A job of Snakemake: its log, its warnings, its threads."""

import contextlib
import csv
import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole

logger = logging.getLogger(__name__)

RANK = "CELLPHENO_RANK"
"""Set in the further processes of a training on several GPUs, to their number (see `parallel`)."""


def start(snakemake: Any) -> None:
    """Send all output to the rule's log and fix what numbers may depend on.

    Everything written to stdout and stderr, by C libraries too, goes to the log. An uncaught
    `StudyError` ends there as its sentence alone, and is repeated on the terminal; so are the
    warnings of `notices`.

    The number of compute threads is one, and the config's `compute.threads` within `device`, but
    never the number of cores granted: sums of floating-point numbers depend on how many threads
    share them, and the same seed must give the same tables on any number of cores.
    """
    if RANK in os.environ:  # output goes to the log already
        fix_threads(1)
        return
    terminal = os.fdopen(os.dup(2), "w", buffering=1)
    log = Path(snakemake.log[0]).open("w", buffering=1)  # noqa: SIM115 - lives as long as the job
    sys.stdout.flush()
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    logging.basicConfig(
        stream=log, level=logging.INFO, force=True, format="%(asctime)s %(name)s: %(message)s"
    )
    logging.captureWarnings(True)
    # each letter that a figure embeds is a message of this library
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    seen = logging.StreamHandler(terminal)
    seen.setFormatter(logging.Formatter(f"{snakemake.rule}: %(message)s"))
    notices.logger.addHandler(seen)

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        told = isinstance(error, StudyError)
        if told:
            print(f"{snakemake.rule}: {error}", file=terminal)
        with contextlib.suppress(OSError):  # the log may lie on a full disk
            if told:
                print(f"{snakemake.rule}: {error}", file=log)
            else:
                traceback.print_exception(kind, error, trace, file=log)

    sys.excepthook = report
    fix_threads(1)
    logger.info("%s started", snakemake.rule)


def save_warnings(snakemake: Any) -> None:
    """Write the warnings of this job to the table `warnings` among its outputs."""
    # not by pandas: jobs that need nothing but Snakemake import this module too
    with (
        whole(snakemake.output.warnings) as temporary,
        Path(temporary).open("w", encoding="utf-8", newline="") as file,
    ):
        lines = csv.writer(file, delimiter="\t", lineterminator="\n")
        lines.writerow(["rule", "warning"])
        lines.writerows([snakemake.rule, warning] for warning in notices.given())


def fix_threads(threads: int) -> None:
    """Fix the number of compute threads of every library of this process."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    # numpy may be loaded already, and then no longer looks at the environment
    with contextlib.suppress(ImportError):
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads)
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(threads)
