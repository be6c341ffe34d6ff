"""Draw the model against the annotators, and these against each other (figure S6)."""

from cellpheno import job, tables
from cellpheno.figures import human_model, style

job.start(snakemake)

figure = human_model.draw(tables.read(snakemake.input.table, tables.HUMAN_MODEL))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
