"""Bring a public data set onto this disk: download, check, unpack."""

from pathlib import Path

from cellpheno import job, tables
from cellpheno.fetching.data_set import fetch

job.start(snakemake)
table = fetch(snakemake.params.settings, Path(snakemake.params.folder))
tables.write(table, snakemake.output.fetched, tables.FETCHED)
