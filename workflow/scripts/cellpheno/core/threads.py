"""The compute threads of a process: floating-point sums depend on their number."""

import contextlib
import os


def fix_threads(threads: int) -> None:
    """Fix the number of compute threads of every library of this process."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    # numpy, if loaded already, no longer reads the environment
    with contextlib.suppress(ImportError):
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads)
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(threads)
