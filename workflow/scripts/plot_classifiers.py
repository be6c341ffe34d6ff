"""Compare classifiers: recall, F and AUC, means over the classes (figure S4)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import classifiers
from cellpheno.tables import storage
from cellpheno.tables.metrics import CLASSIFICATION_METRICS

job.start(snakemake)
metrics = storage.read(snakemake.input.metrics, CLASSIFICATION_METRICS)
figure = classifiers.draw(metrics, snakemake.params.described)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
