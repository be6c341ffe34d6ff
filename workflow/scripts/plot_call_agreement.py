"""Draw average precision by class, and called against annotated cells of each held-out field."""

from cellpheno import job, tables
from cellpheno.detection import by_class
from cellpheno.figures import call_agreement, style

job.start(snakemake)
inputs = snakemake.input
palette = style.Palette(**snakemake.params.palette)
metrics = tables.read(inputs.metrics, tables.CALL_METRICS)
splits = tables.read(inputs.splits, tables.SPLITS)
split = call_agreement.shown_split(metrics)
boxes = tables.read(inputs.boxes, tables.BOXES)
counts = by_class.cells_per_field(
    tables.read(inputs.cells, tables.CELLS),
    boxes[boxes["label"].isin(palette.classes)],
    sorted(splits.loc[splits["split"] == split, "field"]),
    palette.classes,
)
figure = call_agreement.draw(metrics, counts, split, palette)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
