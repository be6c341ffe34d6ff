"""Draw which annotated class was called what."""

from cellpheno import job, tables
from cellpheno.figures import confusion, style

job.start(snakemake)

figure = confusion.draw(
    tables.read(snakemake.input.confusion, tables.CONFUSION),
    split="test",
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
