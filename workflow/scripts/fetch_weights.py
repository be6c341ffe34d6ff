"""Fetch the weights that networks may start from by name."""

from pathlib import Path

from cellpheno.core import job
from cellpheno.core.files import whole_folder
from cellpheno.fetching import named_weights
from cellpheno.tables import storage
from cellpheno.tables.planning import NAMED_WEIGHTS

job.start(snakemake)
with whole_folder(Path(snakemake.output.folder)) as folder:
    table = named_weights.fetch(snakemake.params.wanted, folder)
storage.write(table, snakemake.output.table, NAMED_WEIGHTS)
job.save_warnings(snakemake)
