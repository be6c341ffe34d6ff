"""Draw the classifier's loss and accuracy, epoch by epoch (A40)."""

from cellpheno import job, tables
from cellpheno.figures import classifier_training, style

job.start(snakemake)

figure = classifier_training.draw(
    tables.read(snakemake.input.history, tables.HISTORY),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
