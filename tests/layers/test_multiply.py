"""Multiply against Keras."""

from tests.support import layer_tests
from tests.support.merging import elementwise, mask_test, whole_numbers_test

TestMultiply = layer_tests(elementwise("Multiply"))
test_masks_are_those_of_keras = mask_test("Multiply")
test_whole_numbers_are_those_of_keras = whole_numbers_test("Multiply")
