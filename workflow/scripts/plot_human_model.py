"""Compare the model with the annotators, and these with each other (figure S6)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.annotations import human_model
from cellpheno.tables import storage
from cellpheno.tables.annotations import HUMAN_MODEL

job.start(snakemake)
figure = human_model.draw(storage.read(snakemake.input.table, HUMAN_MODEL))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
