"""Vectors of words by latent semantic analysis: what they say of made-up texts."""

import numpy as np

from training_jobs.word_vectors import latent_semantic_analysis

# Words 2 and 3 are about one thing, 4 and 5 about another, and no text mixes them; 6 is in no text.
TEXTS = np.array([[2, 3, 1, 0], [3, 2, 2, 0], [3, 0, 0, 0], [4, 5, 0, 0], [5, 4, 4, 1], [1, 0, 0, 0]], np.int32)


def test_words_of_the_same_texts_are_alike():
    vectors = latent_semantic_analysis(TEXTS, vocabulary=7, dimensions=3, scale=0.5)
    products = vectors @ vectors.T
    assert products[2, 3] > 0.1
    assert products[4, 5] > 0.1
    np.testing.assert_allclose(products[2:4, 4:6], 0, atol=1e-6)


def test_padding_unknown_and_unseen_words_have_no_vector():
    vectors = latent_semantic_analysis(TEXTS, vocabulary=7, dimensions=3, scale=0.5)
    assert vectors.shape == (7, 3)
    np.testing.assert_allclose(vectors[[0, 1, 6]], 0, atol=1e-6)
    assert (np.linalg.norm(vectors[2:6], axis=1) > 0.1).all()


def test_the_scale_is_the_standard_deviation():
    vectors = latent_semantic_analysis(TEXTS, vocabulary=7, dimensions=3, scale=0.5)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors.std(), 0.5, rtol=1e-6)


def test_dimensions_beyond_the_texts_are_0():
    few, many = (latent_semantic_analysis(TEXTS, 7, size, 0.5) for size in (6, 9))
    np.testing.assert_array_equal(many[:, 6:], 0)
    # The scale is over all entries, so the others are longer by as much.
    np.testing.assert_allclose(many[:, :6] / many[:, :6].std(), few / few.std(), rtol=1e-5, atol=1e-6)
