"""Test every condition against control, with effect sizes and intervals (A51)."""

from cellpheno import job, tables
from cellpheno.statistics import tests

job.start(snakemake)

table = tests.run(
    tables.read(snakemake.input.frequencies, tables.FREQUENCIES),
    control=snakemake.params.control,
    entries=snakemake.params.tests,
)
tables.write(table, snakemake.output.table, tables.TESTS)
