"""Test the measures of annotated objects of every condition against control."""

from cellpheno import job, tables
from cellpheno.statistics import conditions

job.start(snakemake)
table = conditions.of_measures(
    tables.read(snakemake.input.measures, tables.MEASURES),
    control=snakemake.params.control,
    entries=snakemake.params.tests,
)
tables.write(table, snakemake.output.table, tables.MEASURE_TESTS)
