"""Test the measures of annotated objects of every condition against control."""

from cellpheno.core import job
from cellpheno.splits.usable_fields import named_for_comparison
from cellpheno.statistics import conditions
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import MEASURE_TESTS, MEASURES

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"]
named = named_for_comparison(
    storage.read(inputs.quality, QUALITY),
    storage.read(inputs.splits, SPLITS),
    set(annotated),
    params.splits,
    params.without,
)
table = conditions.of_measures(
    storage.read(inputs.measures, MEASURES),
    control=params.control,
    entries=params.tests,
    named=named[named["field"].isin(annotated)],
    design=params.design,
)
storage.write(table, snakemake.output.table, MEASURE_TESTS)
job.save_warnings(snakemake)
