"""Draw the mixture behind the labels, and every label against its brightness (L11 to L13)."""

from cellpheno import job, tables
from cellpheno.figures import labels_from_stain, style

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
figure = labels_from_stain.draw(
    tables.read(inputs.labelled, tables.LABELLED),
    tables.read(inputs.mixture, tables.MIXTURE),
    tables.read(inputs.quality, tables.QUALITY).set_index("field")["condition"],
    style.Palette(**params.palette),
    params.scale,
    params.banded,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
