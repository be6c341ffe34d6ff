"""Draw which annotated class each classifier takes for what (C55, figure 7)."""

from cellpheno import job, tables
from cellpheno.figures import style, target_confusion

job.start(snakemake)
figure = target_confusion.draw(
    tables.read(snakemake.input.confusion, tables.CELL_CONFUSION),
    snakemake.params.experiments,
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
