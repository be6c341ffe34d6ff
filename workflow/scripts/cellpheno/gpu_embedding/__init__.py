"""The embedding on a GPU, where there are too many cells for a CPU: t-SNE and UMAP by torch."""
