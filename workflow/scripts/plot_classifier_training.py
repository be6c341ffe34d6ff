"""Draw the classifier's loss and accuracy, epoch by epoch (A40)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import classifier_training
from cellpheno.tables import storage
from cellpheno.tables.metrics import HISTORY

job.start(snakemake)
figure = classifier_training.draw(
    storage.read(snakemake.input.history, HISTORY),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
