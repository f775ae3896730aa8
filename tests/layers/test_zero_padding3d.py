"""ZeroPadding3D against Keras."""

from tests.support import layer_tests
from tests.support.reshaping import margins_entry

TestZeroPadding3D = layer_tests(
    margins_entry("ZeroPadding3D", "padding", (2, 4, 5, 3, 2), ((1, 2), (0, 1), (1, 0)))
)
