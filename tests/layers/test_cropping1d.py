"""Cropping1D against Keras."""

from tests.support import layer_tests
from tests.support.reshaping import margins_entry

TestCropping1D = layer_tests(margins_entry("Cropping1D", "cropping", (2, 7, 3), (1, 2)))
