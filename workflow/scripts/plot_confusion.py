"""Draw which annotated class was called which class."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.classification import confusion
from cellpheno.tables import storage
from cellpheno.tables.metrics import CONFUSION

job.start(snakemake)
figure = confusion.draw(
    storage.read(snakemake.input.confusion, CONFUSION),
    split="test",
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
