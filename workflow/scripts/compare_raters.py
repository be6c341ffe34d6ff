"""Hold the model against the annotators, and these against each other (A43)."""

from cellpheno import human_model, job, tables
from cellpheno.fields import completely_annotated

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
splits = completely_annotated(tables.read(inputs.splits, tables.SPLITS))
raters = human_model.raters_of(
    tables.read(inputs.each, tables.BOXES),
    tables.read(inputs.gone_through, tables.GONE_THROUGH),
    tables.read(inputs.cells, tables.CELLS),
    tables.read(inputs.truth, tables.TRUTH) if inputs.truth else None,
    set(splits.loc[splits["split"] == "test", "field"]),
)
table = human_model.compare(raters, params.groups, params.seed)
tables.write(table, snakemake.output.table, tables.HUMAN_MODEL)
