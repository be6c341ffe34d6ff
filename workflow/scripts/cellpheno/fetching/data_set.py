"""Fetch a data set: download, check and unpack its files."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellpheno.fetching import archives, declared
from cellpheno.fetching.download import download
from cellpheno.tables.quality import FETCHED

logger = logging.getLogger(__name__)


def fetch(settings: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """Fetch every file of the config's section `fetch`, unpack archives and return FETCHED.

    Archives are unpacked when all files have arrived.

    Raises a StudyError for the first file that cannot be fetched or unpacked, or is not as
    declared.
    """
    files = declared.files(settings)
    for file in files:
        archives.check_name(file.name, folder, "fetch")
    rows = []
    for file in files:
        hashes = download(file, folder, settings["attempts"])
        checked = list(file.hashes) or ["size"] * (file.size is not None)
        if not file.hashes:
            logger.warning(
                "%s: its hash is not known, so it is recorded but not checked%s",
                file.name,
                " beyond its size" if checked else "",
            )
        size = (folder / file.name).stat().st_size
        rows.append((file.name, file.url, size, ", ".join(checked) or "nothing", hashes["sha256"]))
    table = pd.DataFrame(rows, columns=[column.name for column in FETCHED.columns[:-1]])
    return table.assign(
        n_unpacked=[
            archives.unpack(folder / file.name, folder)
            if settings["unpack"] and file.name.lower().endswith(declared.ARCHIVES)
            else 0
            for file in files
        ]
    )
