"""Vectors of words from the fitted texts alone: latent semantic analysis.

Deerwester et al., Indexing by latent semantic analysis, 1990: the singular value decomposition of the
matrix of words by texts. Words of like texts get like vectors, those seen once or twice too.
"""

from __future__ import annotations

import numpy as np

from scratchnn.datasets.text import FIRST_TOKEN_ID


def latent_semantic_analysis(ids: np.ndarray, vocabulary: int, dimensions: int, scale: float) -> np.ndarray:
    """Return a vector for each token id: (vocabulary, dimensions) float32 of standard deviation `scale`.

    Padding, the unknown token and words that are in no text have the vector 0.

    Args:
        ids: (texts, length) token ids.
        vocabulary: how many ids there are.
        dimensions: of the vectors; those beyond the number of texts are 0.
        scale: the standard deviation of all their entries.
    """
    counts = np.stack([np.bincount(text, minlength=vocabulary) for text in ids], axis=1).astype(np.float64)
    counts[:FIRST_TOKEN_ID] = 0
    texts = np.count_nonzero(counts, axis=1, keepdims=True)
    weights = np.log1p(counts) * (1 + np.log(ids.shape[0] / (1 + texts)))
    weights /= np.linalg.norm(weights, axis=0) + 1e-9  # a text of unknown words only has length 0
    words, values, _ = np.linalg.svd(weights, full_matrices=False)
    # The root of the singular values: between vectors of equal weight, and the first one alone.
    vectors = (words * np.sqrt(values))[:, :dimensions]
    vectors = np.pad(vectors, ((0, 0), (0, dimensions - vectors.shape[1])))
    return (vectors * (scale / vectors.std())).astype(np.float32)
