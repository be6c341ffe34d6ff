"""Draw the classifiers side by side: recall, F and AUC, means over the classes (figure S4)."""

from cellpheno import job, tables
from cellpheno.figures import classifiers, style

job.start(snakemake)

metrics = tables.read(snakemake.input.metrics, tables.CLASSIFICATION_METRICS)
figure = classifiers.draw(metrics, snakemake.params.described)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
