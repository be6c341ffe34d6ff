"""Draw what training on some patients reaches on each of them (C41, table 6)."""

from cellpheno import job, tables
from cellpheno.figures import patients, style

job.start(snakemake)
figure = patients.draw(tables.read(snakemake.input.metrics, tables.PATIENTS))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
