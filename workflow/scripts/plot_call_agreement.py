"""Draw average precision by class, and called and annotated cells of each held-out field."""

from cellpheno.core import job
from cellpheno.detection import by_class
from cellpheno.figures import style
from cellpheno.figures.calls import call_agreement
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import CALL_METRICS
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
inputs = snakemake.input
palette = style.Palette(**snakemake.params.palette)
metrics = storage.read(inputs.metrics, CALL_METRICS)
splits = storage.read(inputs.splits, SPLITS)
split = call_agreement.shown_split(metrics)
boxes = storage.read(inputs.boxes, BOXES)
counts = by_class.cells_per_field(
    storage.read(inputs.cells, CELLS),
    boxes[boxes["label"].isin(palette.classes)],
    sorted(splits.loc[splits["split"] == split, "field"]),
    palette.classes,
)
figure = call_agreement.draw(metrics, counts, split, palette)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
