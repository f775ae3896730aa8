"""Training images mirrored and shifted, words hidden: a model sees no row twice the same way."""

from __future__ import annotations

import numpy as np

from scratchnn.datasets.text import UNKNOWN_ID

MAX_SHIFT = 4


def draw_changes(images: int, generator: np.random.Generator) -> np.ndarray:
    """Draw one change an image: (images, 3) of mirrored (0 or 1), rows down, columns right."""
    mirrored = generator.integers(0, 2, (images, 1))
    shifts = generator.integers(-MAX_SHIFT, MAX_SHIFT + 1, (images, 2))
    return np.concatenate([mirrored, shifts], axis=1)


def augment(images: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Return the images changed; what a shift uncovers shows the image reflected at its edge.

    Args:
        images: (images, height, width, channels).
        changes: (images, 3), from `draw_changes`.

    Returns:
        Shape and dtype of `images`; the argument is left as it is.
    """
    height, width = images.shape[1:3]
    rows = _reflected(np.arange(height) - changes[:, 1:2], height)
    columns = _reflected(np.arange(width) - changes[:, 2:3], width)
    columns = np.where(changes[:, :1] == 1, width - 1 - columns, columns)
    numbers = np.arange(len(images))[:, None, None]
    return np.asarray(images[numbers, rows[:, :, None], columns[:, None, :]])


def _reflected(index: np.ndarray, size: int) -> np.ndarray:
    """Return the indices with those outside 0 ... size-1 reflected, the edge itself not repeated."""
    return np.asarray(size - 1 - np.abs(size - 1 - np.abs(index)))


def hide_words(ids: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Return the token ids with this share of the words, drawn at random, made the unknown token."""
    hidden = (generator.random(ids.shape) < share) & (ids != 0)  # padding is no word
    return np.where(hidden, np.int32(UNKNOWN_ID), ids)
