"""Draw the results of training on some patients for each of them (C41, table 6)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.target import patients
from cellpheno.tables import storage
from cellpheno.tables.target import PATIENTS

job.start(snakemake)
figure = patients.draw(storage.read(snakemake.input.metrics, PATIENTS))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
