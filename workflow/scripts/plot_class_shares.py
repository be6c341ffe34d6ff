"""Draw the shares of the classes, annotated and called (figure 4A)."""

from cellpheno import job, tables
from cellpheno.figures import class_shares, style

job.start(snakemake)

figure = class_shares.draw(
    tables.read(snakemake.input.boxes, tables.BOXES),
    tables.read(snakemake.input.splits, tables.SPLITS),
    tables.read(snakemake.input.cells, tables.CELLS),
    tables.read(snakemake.input.quality, tables.QUALITY).set_index("field")["condition"],
    wanted=snakemake.params.splits,
    palette=style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
