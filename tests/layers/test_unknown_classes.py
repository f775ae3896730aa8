"""A layer or an operation that scratchnn has not: what the message says."""

import pytest

from scratchnn import UnsupportedError
from scratchnn.layers import build_layer
from scratchnn.spec import LayerSpec


@pytest.mark.parametrize(
    ("class_name", "said"),
    [
        ("Conv4D", "scratchnn has no layer 'Conv4D' (similar: Conv"),
        ("dense", "scratchnn has no layer 'dense' (similar: Dense)"),
        ("Wholly", "scratchnn has no layer 'Wholly'; those that it has are in scratchnn.layers.LAYERS"),
        ("ops.Arctanx", "scratchnn has no operation 'Arctanx' (similar: Arctan"),
    ],
)
def test_the_names_that_are_near(class_name, said):
    with pytest.raises(UnsupportedError) as caught:
        build_layer(LayerSpec(class_name, "one", {}), (None, 3))
    assert said in str(caught.value)
    assert len(str(caught.value)) < 300
