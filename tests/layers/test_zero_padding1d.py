"""ZeroPadding1D against Keras."""

from tests.support import layer_tests
from tests.support.reshaping import margins_entry

TestZeroPadding1D = layer_tests(margins_entry("ZeroPadding1D", "padding", (2, 7, 3), (1, 2)))
