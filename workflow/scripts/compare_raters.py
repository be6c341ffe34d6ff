"""Compare the model with the annotators, and these with each other (A43)."""

from cellpheno.annotations import human_model
from cellpheno.core import job
from cellpheno.splits.usable_fields import completely_annotated, groups
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES, GONE_THROUGH, HUMAN_MODEL, TRUTH
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = completely_annotated(storage.read(inputs.splits, SPLITS))
raters = human_model.raters_of(
    storage.read(inputs.each, BOXES),
    storage.read(inputs.gone_through, GONE_THROUGH),
    storage.read(inputs.cells, CELLS),
    storage.read(inputs.truth, TRUTH) if inputs.truth else None,
    set(splits.loc[splits["split"] == "test", "field"]),
)
table = human_model.compare(raters, params.groups, groups(splits))
if len(params.classes) == 1:  # on which all agree
    table = table[table["metric"].isin(human_model.FOUND)]
storage.write(table, snakemake.output.table, HUMAN_MODEL)
