"""Draw t-SNE and UMAP of the classifier's features (figure 5)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.embedding import embedding
from cellpheno.tables import storage
from cellpheno.tables.cells import EMBEDDING

job.start(snakemake)
figure = embedding.draw(
    storage.read(snakemake.input.cells, EMBEDDING),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
