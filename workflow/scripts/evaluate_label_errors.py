"""Count how many of the planted label errors are listed."""

from cellpheno.core import job
from cellpheno.labels.suspects import evaluation
from cellpheno.tables import storage
from cellpheno.tables.annotations import FOUND_LABEL_ERRORS, LABEL_ERRORS, TRUTH

job.start(snakemake)
found = evaluation.found(
    storage.read(snakemake.input.cells, LABEL_ERRORS),
    storage.read(snakemake.input.truth, TRUTH),
)
storage.write(found, snakemake.output.found, FOUND_LABEL_ERRORS)
