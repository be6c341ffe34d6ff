"""Draw how well every classifier does on every data set, whichever it was trained on."""

from cellpheno import job, tables
from cellpheno.figures import across_data_sets, style

job.start(snakemake)
figure = across_data_sets.draw(tables.read(snakemake.input.metrics, tables.TWO_CLASSES))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
