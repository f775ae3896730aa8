"""ZeroPadding2D against Keras."""

from tests.support import layer_tests
from tests.support.reshaping import margins_entry

TestZeroPadding2D = layer_tests(margins_entry("ZeroPadding2D", "padding", (2, 5, 6, 3), ((1, 2), (0, 1))))
