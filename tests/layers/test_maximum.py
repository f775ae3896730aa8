"""Maximum against Keras."""

from tests.support import layer_tests
from tests.support.merging import elementwise, mask_test

TestMaximum = layer_tests(elementwise("Maximum"))
test_masks_are_those_of_keras = mask_test("Maximum")
