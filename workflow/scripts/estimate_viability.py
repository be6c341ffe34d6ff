"""Estimate the share of live patches by field, well and condition over time, and map it."""

from cellpheno.core import job
from cellpheno.splits import usable_fields
from cellpheno.statistics import viability
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS
from cellpheno.tables.cells import CELLS
from cellpheno.tables.labels import LABELLED
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import VIABILITY, VIABILITY_MAP

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
live, time, grid = params.viability["class"], params.viability["time"], params.grid
overlap = min(1.0, (grid["stride"] / grid["size"]) ** 2) if grid else 1.0
settings = viability.Settings(live, time, overlap)
quality = storage.read(inputs.quality, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
fields = viability.usable(quality, splits, params.splits, params.without, time)
searched = usable_fields.in_splits(quality, splits)["field"].tolist()
cells = storage.read_searched([inputs.cells], CELLS, searched, inputs.quality)
usable_fields.warn_of_training_groups(splits, params.of_training_groups, "calls")
left_out = usable_fields.of_training_groups(splits, params.of_training_groups, "calls")
fields = fields[~fields["field"].isin(left_out)]
cells = cells[cells["field"].isin(fields["field"])]
called = cells[["field"]].assign(**{"class": cells["call"]})
parts = {viability.CALLS: viability.estimate(called, fields, viability.CALLS, settings)}
if inputs.labelled:
    labelled = storage.read(inputs.labelled, LABELLED)
    stained = labelled[["field"]].assign(**{"class": labelled["label"]})
    parts[viability.LABELS] = viability.estimate(stained, fields, viability.LABELS, settings)
annotated = set(storage.read(inputs.annotated, ANNOTATED_FIELDS)["field"])
named = usable_fields.named_for_comparison(
    quality, splits, annotated, params.splits, params.without, left_out
)
table = storage.concatenate(list(parts.values()), VIABILITY)
table = viability.with_lost(table, named, list(parts), time)
storage.write(table, snakemake.output.table, VIABILITY)
places = viability.over_field(cells, live, grid["stride"]) if grid else VIABILITY_MAP.empty()
storage.write(places, snakemake.output.map, VIABILITY_MAP)
print(table[table["level"] == "condition"].to_string(index=False))
job.save_warnings(snakemake)
