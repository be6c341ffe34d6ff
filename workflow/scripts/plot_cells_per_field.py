"""Draw how many cells, and how many special ones, the fields have (3C, 3D)."""

from cellpheno import job, tables
from cellpheno.figures import cells_per_field, style
from cellpheno.statistics import frequencies

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params

quality = tables.read(inputs.quality, tables.QUALITY)
fields = tables.read(inputs.annotated, tables.ANNOTATED_FIELDS)
boxes = tables.read(inputs.boxes, tables.BOXES)
palette = style.Palette(**params.palette)
annotated = frequencies.count(
    boxes.assign(call=boxes["label"]),
    quality[quality["field"].isin(fields["field"])],
    tables.read(inputs.splits, tables.SPLITS),
    classes=palette.classes,
    groups={},
    excluded=params.excluded,
    wanted=tables.SPLITS_ALLOWED,
)
called = tables.read(inputs.frequencies, tables.FREQUENCIES)
figure = cells_per_field.draw(annotated, called, params.excluded, palette)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
