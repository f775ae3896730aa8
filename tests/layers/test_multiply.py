"""Multiply against Keras."""

from tests.support import layer_tests
from tests.support.merging import elementwise, mask_test

TestMultiply = layer_tests(elementwise("Multiply"))
test_masks_are_those_of_keras = mask_test("Multiply")
