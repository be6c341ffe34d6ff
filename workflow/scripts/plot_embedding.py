"""Draw t-SNE and UMAP of the classifier's features (figure 5)."""

from cellpheno import job, tables
from cellpheno.figures import embedding, style

job.start(snakemake)

figure = embedding.draw(
    tables.read(snakemake.input.cells, tables.EMBEDDING),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
