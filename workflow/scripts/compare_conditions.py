"""Test every condition against control, with effect sizes and intervals (A51)."""

from cellpheno import job, tables
from cellpheno.statistics import conditions, frequencies

job.start(snakemake)
params = snakemake.params
table = conditions.of_frequencies(
    tables.read(snakemake.input.frequencies, tables.FREQUENCIES),
    control=params.control,
    entries=params.tests,
    members=frequencies.members(params.classes, params.groups, params.excluded),
)
tables.write(table, snakemake.output.table, tables.TESTS)
