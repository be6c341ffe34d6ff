"""Draw the shares of the classes, annotated and called (figure 4A)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import class_shares
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS

job.start(snakemake)
figure = class_shares.draw(
    storage.read(snakemake.input.boxes, BOXES),
    storage.read(snakemake.input.splits, SPLITS),
    storage.read(snakemake.input.cells, CELLS),
    storage.read(snakemake.input.quality, QUALITY).set_index("field")["condition"],
    wanted=snakemake.params.splits,
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
