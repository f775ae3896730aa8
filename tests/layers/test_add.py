"""Add against Keras."""

from tests.support import layer_tests
from tests.support.merging import elementwise, mask_test, whole_numbers_test

TestAdd = layer_tests(elementwise("Add"))
test_masks_are_those_of_keras = mask_test("Add")
test_whole_numbers_are_those_of_keras = whole_numbers_test("Add")
