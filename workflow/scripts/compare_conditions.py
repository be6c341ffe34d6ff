"""Test every condition against control, with effect sizes and intervals (A51)."""

from cellpheno.core import job
from cellpheno.splits.usable_fields import named_for_comparison
from cellpheno.statistics import conditions, frequencies
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import FREQUENCIES, TESTS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
named = named_for_comparison(
    storage.read(inputs.quality, QUALITY),
    storage.read(inputs.splits, SPLITS),
    set(storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"]),
    params.splits,
    params.without,
)
counted = storage.read(inputs.frequencies, FREQUENCIES)
usable = named.loc[named["usable"], "field"].tolist()
members = frequencies.members(params.classes, params.groups, params.excluded)
for name in members:
    own = counted.loc[counted["class"] == name, "field"]
    what = f"{inputs.frequencies} (class {name})"
    storage.check_fields(own, usable, what, inputs.splits)
table = conditions.of_frequencies(
    counted,
    control=params.control,
    entries=params.tests,
    members=members,
    named=named,
)
storage.write(table, snakemake.output.table, TESTS)
job.save_warnings(snakemake)
