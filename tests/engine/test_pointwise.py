"""Activations in place: whatever lies between the numbers in memory."""

import numpy as np
import pytest

from scratchnn import activations
from scratchnn.engine.pointwise import activation_in_place

from .test_agreement import ACTIVATIONS


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in (None, "linear")])
def test_gaps_in_memory_do_not_matter(name: str) -> None:
    function = activations.get(name)
    for gap in range(1, 18):
        for count in (1, 2, 3, 5, 8, 17):
            memory = np.linspace(-2, 2, 2 * gap * count, dtype=np.float32).reshape(2, count, gap)
            apart = memory[:, :, 0].copy()
            in_place = activation_in_place(function, apart.shape)
            in_place(memory[:, :, 0])
            in_place(apart)
            assert np.array_equal(memory[:, :, 0], apart), (gap, count)
