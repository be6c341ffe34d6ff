"""Draw the ROC curve of each class and group against all others (A39)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import roc
from cellpheno.tables import storage
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, ROC

job.start(snakemake)
metrics = storage.read(snakemake.input.metrics, CLASSIFICATION_METRICS)
of_calls = (metrics["experiment"] == snakemake.params.experiment) & (metrics["seed"] == "mean")
figure = roc.draw(
    storage.read(snakemake.input.roc, ROC),
    metrics[of_calls],
    split="test",
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
