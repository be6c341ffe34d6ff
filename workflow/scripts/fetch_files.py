"""Download, check and unpack a public data set."""

from pathlib import Path

from cellpheno.core import job
from cellpheno.fetching.data_set import fetch
from cellpheno.tables import storage
from cellpheno.tables.quality import FETCHED

job.start(snakemake)
table = fetch(snakemake.params.settings, Path(snakemake.params.folder))
storage.write(table, snakemake.output.fetched, FETCHED)
