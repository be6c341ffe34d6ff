"""Draw how many cells the fields have, and how many are not negative (3C, 3D)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.detection import cells_per_field
from cellpheno.statistics import frequencies
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.columns import SPLITS_ALLOWED
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import FREQUENCIES

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.quality, QUALITY)
fields = storage.read(inputs.annotated, ANNOTATED_FIELDS)
boxes = storage.read(inputs.boxes, BOXES)
palette = style.Palette(**params.palette)
annotated = frequencies.count(
    boxes.assign(call=boxes["label"]),
    quality[quality["field"].isin(fields["field"])],
    storage.read(inputs.splits, SPLITS),
    classes=palette.classes,
    groups={},
    excluded=params.excluded,
    wanted=SPLITS_ALLOWED,
)
called = storage.read(inputs.frequencies, FREQUENCIES) if inputs.frequencies else annotated[:0]
figure = cells_per_field.draw(annotated, called, params.excluded, palette)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
