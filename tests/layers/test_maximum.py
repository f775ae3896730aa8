"""Maximum against Keras."""

import numpy as np

from tests.support import Case, layer_tests
from tests.support.checks import built
from tests.support.merging import elementwise, mask_test, whole_numbers_test

TestMaximum = layer_tests(elementwise("Maximum"))
test_masks_are_those_of_keras = mask_test("Maximum")
test_whole_numbers_are_those_of_keras = whole_numbers_test("Maximum")


def test_nan_comes_through():
    layer = built(Case("Maximum", [(1, 2), (1, 2)]))
    result = layer.forward([np.array([[np.nan, 1.0]]), np.array([[0.0, np.nan]])])
    assert np.isnan(result).all()
