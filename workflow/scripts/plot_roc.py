"""Draw the ROC curve of each class and group against all others (A39)."""

from cellpheno import job, tables
from cellpheno.figures import roc, style

job.start(snakemake)

metrics = tables.read(snakemake.input.metrics, tables.CLASSIFICATION_METRICS)
of_calls = (metrics["experiment"] == snakemake.params.experiment) & (metrics["seed"] == "mean")
figure = roc.draw(
    tables.read(snakemake.input.roc, tables.ROC),
    metrics[of_calls],
    split="test",
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
