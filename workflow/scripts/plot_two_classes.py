"""Draw ROC and confusion of every classifier against the stain, on each data set (L21)."""

from cellpheno import job, tables
from cellpheno.figures import style, two_classes

job.start(snakemake)
inputs = snakemake.input
figure = two_classes.draw(
    tables.read(inputs.roc, tables.TWO_CLASSES_ROC),
    tables.read(inputs.confusion, tables.TWO_CLASSES_CONFUSION),
    tables.read(inputs.metrics, tables.TWO_CLASSES),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
