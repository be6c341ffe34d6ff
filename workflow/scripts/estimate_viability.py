"""Estimate the share of live patches by field, well and condition over time, and map it."""

from cellpheno import job, tables
from cellpheno.fields import in_splits, named_for_comparison
from cellpheno.statistics import viability

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
live, time, grid = params.viability["class"], params.viability["time"], params.grid
overlap = min(1.0, (grid["stride"] / grid["size"]) ** 2) if grid else 1.0
settings = viability.Settings(live, time, overlap)
quality = tables.read(inputs.quality, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
fields = viability.usable(quality, splits, params.splits, params.without, time)
searched = in_splits(quality, splits)["field"].tolist()
cells = tables.read_searched([inputs.cells], tables.CELLS, searched, inputs.quality)
cells = cells[cells["field"].isin(fields["field"])]
called = cells[["field"]].assign(**{"class": cells["call"]})
parts = {viability.CALLS: viability.estimate(called, fields, viability.CALLS, settings)}
if inputs.labelled:
    labelled = tables.read(inputs.labelled, tables.LABELLED)
    stained = labelled[["field"]].assign(**{"class": labelled["label"]})
    parts[viability.LABELS] = viability.estimate(stained, fields, viability.LABELS, settings)
annotated = set(tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)["field"])
named = named_for_comparison(quality, splits, annotated, params.splits, params.without)
table = tables.concatenate(list(parts.values()), tables.VIABILITY)
table = viability.with_lost(table, named, list(parts), time)
tables.write(table, snakemake.output.table, tables.VIABILITY)
places = viability.over_field(cells, live, grid["stride"]) if grid else tables.VIABILITY_MAP.empty()
tables.write(places, snakemake.output.map, tables.VIABILITY_MAP)
print(table[table["level"] == "condition"].to_string(index=False))
job.save_warnings(snakemake)
