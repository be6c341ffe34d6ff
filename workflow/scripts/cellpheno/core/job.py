"""The log and the warnings of a Snakemake job."""

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
from cellpheno.core.threads import fix_threads

logger = logging.getLogger(__name__)

RANK = "CELLPHENO_RANK"
"""Number of an additional process of a training on several GPUs (see `parallel`)."""


def start(snakemake: Any) -> None:
    """Send all output to the rule's log and fix the number of threads.

    Everything written to stdout and stderr, also by C libraries, goes to the log. An uncaught
    `StudyError` ends there as one sentence and is repeated on the terminal, as are warnings.

    The number of compute threads is one, or the config's `compute.threads` within `device`, but
    never the number of cores granted: floating-point sums depend on the number of threads, and
    the same seed must give the same tables on any number of cores.
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
    # it logs every letter that a figure embeds
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    seen = logging.StreamHandler(terminal)
    seen.setFormatter(logging.Formatter(f"{snakemake.rule}: %(message)s"))
    notices.logger.addHandler(seen)

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        explained = isinstance(error, StudyError)
        if explained:
            print(f"{snakemake.rule}: {error}", file=terminal)
        with contextlib.suppress(OSError):  # the log may be on a full disk
            if explained:
                print(f"{snakemake.rule}: {error}", file=log)
            else:
                traceback.print_exception(kind, error, trace, file=log)

    sys.excepthook = report
    fix_threads(1)
    logger.info("%s started", snakemake.rule)


def save_warnings(snakemake: Any) -> None:
    """Write the warnings of this job to the table `warnings` among its outputs."""
    # without pandas: jobs that need only Snakemake import this module too
    with (
        whole(snakemake.output.warnings) as temporary,
        Path(temporary).open("w", encoding="utf-8", newline="") as file,
    ):
        lines = csv.writer(file, delimiter="\t", lineterminator="\n")
        lines.writerow(["rule", "warning"])
        lines.writerows([snakemake.rule, warning] for warning in notices.given())
