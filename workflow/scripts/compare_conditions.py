"""Test every condition against control, with effect sizes and intervals (A51)."""

from cellpheno.core import job
from cellpheno.splits import usable_fields
from cellpheno.statistics import conditions, frequencies
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import FREQUENCIES, TESTS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"]
splits = storage.read(inputs.splits, SPLITS)
usable_fields.warn_of_training_groups(splits, params.of_training_groups, params.source)
named = usable_fields.named_for_comparison(
    storage.read(inputs.quality, QUALITY),
    splits,
    set(annotated),
    params.splits,
    params.without,
    usable_fields.of_training_groups(splits, params.of_training_groups, params.source),
)
single = len(params.classes) == 1
if single and params.source == "labels":  # elsewhere nobody has counted
    named = named[named["field"].isin(annotated)]
counted = storage.read(inputs.frequencies, FREQUENCIES)
usable = named.loc[named["usable"], "field"].tolist()
members = frequencies.members(params.classes, params.groups, params.excluded)
for name in members:
    own = counted.loc[counted["class"] == name, "field"]
    what = f"{inputs.frequencies} (class {name})"
    storage.check_fields(own, usable, what, inputs.splits)
if single:
    table = conditions.of_numbers(counted, params.control, params.tests, named, params.design)
else:
    table = conditions.of_frequencies(
        counted, params.control, params.tests, members, named, params.design
    )
storage.write(table, snakemake.output.table, TESTS)
job.save_warnings(snakemake)
