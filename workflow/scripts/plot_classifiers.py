"""Compare classifiers: recall, F and AUC, means over the classes (figure S4)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import classifiers
from cellpheno.tables import storage
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, COMPARED

job.start(snakemake)
metrics = storage.read(snakemake.input.metrics, CLASSIFICATION_METRICS)
compared = storage.read(snakemake.input.compared, COMPARED)
figure = classifiers.draw(metrics, compared, snakemake.params.described)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
