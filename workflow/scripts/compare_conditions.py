"""Test every condition against control, with effect sizes and intervals (A51)."""

from cellpheno import job, tables
from cellpheno.fields import named_for_comparison
from cellpheno.statistics import conditions, frequencies

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
named = named_for_comparison(
    tables.read(inputs.quality, tables.QUALITY),
    tables.read(inputs.splits, tables.SPLITS),
    set(tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)["field"]),
    params.splits,
    params.without,
)
counted = tables.read(inputs.frequencies, tables.FREQUENCIES)
usable = named.loc[named["usable"], "field"].tolist()
members = frequencies.members(params.classes, params.groups, params.excluded)
for name in members:
    own = counted.loc[counted["class"] == name, "field"]
    what = f"{inputs.frequencies} (class {name})"
    tables.check_fields(own, usable, what, inputs.splits)
table = conditions.of_frequencies(
    counted,
    control=params.control,
    entries=params.tests,
    members=members,
    named=named,
)
tables.write(table, snakemake.output.table, tables.TESTS)
job.save_warnings(snakemake)
