"""Subtract against Keras."""

import numpy as np

from tests.support import bad_input, layer_tests
from tests.support.merging import elementwise, mask_test, whole_numbers_test

TestSubtract = layer_tests(
    elementwise(
        "Subtract",
        bad_input("three inputs", "expected 2 inputs, got 3", [np.ones((2, 3, 4))] * 3),
        smallest=2,
        largest=2,
    )
)
test_masks_are_those_of_keras = mask_test("Subtract", 2, 2)
test_whole_numbers_are_those_of_keras = whole_numbers_test("Subtract")
