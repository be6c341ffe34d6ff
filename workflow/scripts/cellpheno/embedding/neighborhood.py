"""Numbers of neighbors for the methods of embedding, on a CPU and on a GPU."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Neighborhood:
    """Perplexity of t-SNE, and number of neighbors of UMAP, including the point itself."""

    perplexity: float
    neighbors: int

    @classmethod
    def fitting(cls, points: int, perplexity: float, neighbors: int) -> "Neighborhood":
        """Return the requested numbers, or less if there are few points."""
        return cls(min(perplexity, (points - 1) / 3), min(neighbors, points - 1))

    @property
    def of_tsne(self) -> int:
        """Neighbors of each point for t-SNE: three times the perplexity."""
        return int(3 * self.perplexity)

    @property
    def of_umap(self) -> int:
        """Neighbors of each point for UMAP."""
        return self.neighbors - 1

    @property
    def searched(self) -> int:
        """Neighbors of each point for both methods."""
        return max(self.of_tsne, self.of_umap)
