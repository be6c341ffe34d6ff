"""List the size and training time of each classifier (Table 3 of CCA)."""

from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS

job.start(snakemake)
each = [storage.read(path, CLASSIFIERS) for path in snakemake.input.costs]
storage.write(storage.concatenate(each, CLASSIFIERS), snakemake.output[0], CLASSIFIERS)
