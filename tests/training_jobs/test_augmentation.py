"""Augmentation mirrors, shifts and hides words, and nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training_jobs.augmentation import MAX_SHIFT, augment, draw_changes, hide_words


def plain(image, mirrored, down, right):
    """The same change in words: pad by reflection, cut the shifted window, mirror."""
    padded = np.pad(image, [(MAX_SHIFT, MAX_SHIFT), (MAX_SHIFT, MAX_SHIFT), (0, 0)], mode="reflect")
    if mirrored:
        padded = padded[:, ::-1]
    top, left = MAX_SHIFT - down, MAX_SHIFT - right
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_equals_padding_and_cutting(seed, count):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 7, 9, 3), dtype=np.uint8)
    before = images.copy()
    changes = draw_changes(count, generator)

    changed = augment(images, changes)

    np.testing.assert_array_equal(images, before)
    assert changed.dtype == np.uint8
    expected = [plain(image, *change) for image, change in zip(images, changes, strict=True)]
    np.testing.assert_array_equal(changed, expected)


def test_every_change_is_drawn():
    changes = draw_changes(10_000, np.random.default_rng(0))
    assert set(changes[:, 0]) == {0, 1}
    assert set(changes[:, 1]) == set(changes[:, 2]) == set(range(-MAX_SHIFT, MAX_SHIFT + 1))


def test_a_share_of_the_words_is_hidden_and_no_padding():
    ids = np.tile(np.array([[7, 8, 9, 0]], np.int32), (4000, 1))
    hidden = hide_words(ids, 0.2, np.random.default_rng(0))
    assert hidden.dtype == np.int32
    assert (ids[:, :3] >= 7).all()  # the argument is left as it is
    assert (hidden[:, 3] == 0).all()
    assert ((hidden == ids) | (hidden == 1)).all()
    # 12,000 words: four standard deviations are 0.015.
    assert abs((hidden[:, :3] == 1).mean() - 0.2) < 0.015
    assert not np.array_equal(hidden, hide_words(ids, 0.2, np.random.default_rng(1)))
