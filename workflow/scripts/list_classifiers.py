"""List the classifiers: how large each is, and how long its training took (Table 3 of CCA)."""

from cellpheno import job, tables

job.start(snakemake)
each = [tables.read(path, tables.CLASSIFIERS) for path in snakemake.input.costs]
tables.write(tables.concatenate(each, tables.CLASSIFIERS), snakemake.output[0], tables.CLASSIFIERS)
