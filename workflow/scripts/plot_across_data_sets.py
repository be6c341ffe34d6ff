"""Draw the results of every classifier on every data set."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import across_data_sets
from cellpheno.tables import storage
from cellpheno.tables.two_classes import TWO_CLASSES

job.start(snakemake)
figure = across_data_sets.draw(storage.read(snakemake.input.metrics, TWO_CLASSES))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
