"""Draw which annotated class each classifier takes for which class (C55, figure 7)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.target import target_confusion
from cellpheno.tables import storage
from cellpheno.tables.target import CELL_CONFUSION

job.start(snakemake)
figure = target_confusion.draw(
    storage.read(snakemake.input.confusion, CELL_CONFUSION),
    snakemake.params.experiments,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
