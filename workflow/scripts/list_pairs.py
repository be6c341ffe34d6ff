"""List every two classifiers, detectors and fusion weights with the difference of each metric."""

from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED

job.start(snakemake)
tables = [storage.read(path, COMPARED) for path in snakemake.input.tables]
storage.write(storage.concatenate(tables, COMPARED), snakemake.output.compared, COMPARED)
