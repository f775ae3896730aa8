"""Cropping2D against Keras."""

from tests.support import layer_tests
from tests.support.reshaping import margins_entry

TestCropping2D = layer_tests(margins_entry("Cropping2D", "cropping", (2, 5, 6, 3), ((1, 2), (0, 1))))
