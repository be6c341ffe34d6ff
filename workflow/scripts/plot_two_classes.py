"""Draw ROC and confusion of every classifier by the stain, on each data set (L21)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import two_classes
from cellpheno.tables import storage
from cellpheno.tables.two_classes import TWO_CLASSES, TWO_CLASSES_CONFUSION, TWO_CLASSES_ROC

job.start(snakemake)
inputs = snakemake.input
figure = two_classes.draw(
    storage.read(inputs.roc, TWO_CLASSES_ROC),
    storage.read(inputs.confusion, TWO_CLASSES_CONFUSION),
    storage.read(inputs.metrics, TWO_CLASSES),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
