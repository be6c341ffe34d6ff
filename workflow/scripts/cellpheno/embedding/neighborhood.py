"""How many neighbors the methods of embedding look at, on a CPU and on a GPU."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Neighborhood:
    """How many neighbors the methods of embedding look at.

    Attributes
    ----------
    perplexity
        Of t-SNE.
    neighbors
        Of UMAP, the point itself among them.
    """

    perplexity: float
    neighbors: int

    @classmethod
    def fitting(cls, points: int, perplexity: float, neighbors: int) -> "Neighborhood":
        """Return what is wanted, or less where there are few points."""
        return cls(min(perplexity, (points - 1) / 3), min(neighbors, points - 1))

    @property
    def of_tsne(self) -> int:
        """Neighbors of each point that t-SNE looks at: three times the perplexity."""
        return int(3 * self.perplexity)

    @property
    def of_umap(self) -> int:
        """Neighbors of each point that UMAP looks at."""
        return self.neighbors - 1

    @property
    def searched(self) -> int:
        """Neighbors of each point that serve both."""
        return max(self.of_tsne, self.of_umap)
