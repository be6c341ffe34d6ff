"""Count how many of the planted label errors are listed."""

from cellpheno import job, tables
from cellpheno.label_errors import evaluation

job.start(snakemake)
found = evaluation.found(
    tables.read(snakemake.input.cells, tables.LABEL_ERRORS),
    tables.read(snakemake.input.truth, tables.TRUTH),
)
tables.write(found, snakemake.output.found, tables.FOUND_LABEL_ERRORS)
