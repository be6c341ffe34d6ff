"""Fetch weights of published networks into a cache of the site, and lay them into a study."""

import os
import shutil
from pathlib import Path

import pandas as pd

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.fetching.declared import File
from cellpheno.fetching.download import download
from cellpheno.study.named_weights import FILES, NEEDED, URL, WISHED_WITH_GPU, Wanted

CACHE, OFFLINE = "CELLPHENO_WEIGHTS", "CELLPHENO_OFFLINE"
"""Variables of the environment: the folder of weights, and whether nothing is downloaded."""
ATTEMPTS = 2
DRIVER = Path("/proc/driver/nvidia/version")


def cache() -> Path:
    """Return the site's folder of weights; by default PyTorch's own."""
    torch = os.getenv("TORCH_HOME") or Path(os.getenv("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(os.getenv(CACHE) or Path(torch) / "hub/checkpoints").expanduser()


def fetch(wanted: Wanted, folder: Path, url: str = URL) -> pd.DataFrame:
    """Lay the wanted weights into a folder; return tables.NAMED_WEIGHTS.

    They come from the cache, and into it from `url`, checked by the part of their SHA-256 in their
    names.

    Raises a StudyError for weights that the study needs and that cannot be had.
    """
    rows = []
    for name, networks in wanted.items():
        for network, wish in networks.items():
            file = FILES[name][network]
            if wish == WISHED_WITH_GPU and not DRIVER.exists():
                rows.append((name, network, file, False))
                continue
            problem = _problem(file, url)
            if problem:
                remedy = f"download {url}{file} elsewhere and put it into {cache()}"
                if wish == NEEDED:
                    raise StudyError(f"The {name} weights of {network} {problem}; {remedy}.")
                notices.warn(
                    f"The {name} weights of {network} {problem}, so no network can start from "
                    f"them, which usually costs accuracy: {remedy}, then delete "
                    "results/<study>/named_weights.tsv."
                )
            else:
                _lay(cache() / file, folder / file)
            rows.append((name, network, file, not problem))
    return pd.DataFrame(rows, columns=["name", "network", "file", "there"])


def _problem(file: str, url: str) -> str | None:
    """Return why weights are not in the cache and cannot be fetched; None if they are there."""
    there, start = (cache() / file).exists(), Path(file).stem.rpartition("-")[2]
    if not there and os.getenv(OFFLINE):
        return f"are not in {cache()}, and {OFFLINE} is set"
    declared = File(name=file, url=url + file, sha256=start, max_size=2_000_000_000)
    try:
        download(declared, cache(), ATTEMPTS)  # it only checks what is there
    except (StudyError, OSError) as error:
        if there:
            return f"in {cache()} are damaged (their SHA-256 does not start with {start})"
        return f"are not in {cache()} and cannot be fetched ({str(error).rstrip('.')})"
    return None


def _lay(source: Path, target: Path) -> None:
    """Link a file, which needs no room, or copy it to another disk."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
