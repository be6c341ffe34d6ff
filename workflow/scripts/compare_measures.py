"""Test the measures of annotated objects of every condition against control."""

from cellpheno import job, tables
from cellpheno.fields import named_for_comparison
from cellpheno.statistics import conditions

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)["field"]
named = named_for_comparison(
    tables.read(inputs.quality, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    set(annotated),
    params.splits,
    params.without,
)
table = conditions.of_measures(
    tables.read(inputs.measures, tables.MEASURES),
    control=params.control,
    entries=params.tests,
    named=named[named["field"].isin(annotated)],
)
tables.write(table, snakemake.output.table, tables.MEASURE_TESTS)
job.save_warnings(snakemake)
