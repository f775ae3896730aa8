"""What all layers share: first weights, the registry's messages, and layers inside layers."""

import numpy as np
import pytest

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers import Layer, build_layer
from scratchnn.layers.base import build_nested, glorot_uniform
from scratchnn.layers.options import Options, Weights
from scratchnn.spec import LayerSpec


@pytest.mark.parametrize(
    ("shape", "limit"), [((3, 40, 60), 0.06**0.5), ((500, 1000), 0.004**0.5), ((2, 1), 2**0.5)]
)
def test_first_weights_fill_the_range_of_keras(shape, limit):
    """Of 500 numbers and more the largest is within a few hundredths of the end of their range."""
    values = glorot_uniform(shape, np.float32)
    assert (values.shape, values.dtype) == (shape, np.float32)
    assert np.abs(values).max() <= np.float32(limit)
    if values.size > 500:
        assert min(values.max(), -values.min()) > 0.97 * limit
        assert abs(values.mean()) < 0.05 * limit
    np.testing.assert_array_equal(values, glorot_uniform(shape, np.float64).astype(np.float32))


def message(class_name):
    with pytest.raises(UnsupportedError) as caught:
        build_layer(LayerSpec(class_name, "it", {}), (None, 2))
    return str(caught.value)


def test_the_message_for_an_unknown_class_names_those_like_it_of_its_kind():
    assert "no layer 'Dens' (similar: Dense" in message("Dens")
    assert "no operation 'Absolut' (similar: Absolute" in message("ops.Absolut")
    assert "no layer 'Absolut'; " in message("Absolut")  # an operation is no layer
    assert "no layer 'Zoo'; those that it has are in scratchnn.layers.LAYERS" in message("Zoo")


def nested(kind=Layer, **serialized):
    options = Options("TimeDistributed 'it'", {})
    whole = {"class_name": "Flatten", "config": {}, **serialized}
    return build_nested(options, "layer", whole, Weights("it", []), (None, 2, 3), kind)


@pytest.mark.parametrize("registered_name", [None, "Flatten"])
@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers.reshaping.flatten", "keras", None])
def test_a_layer_of_keras_inside_another(module, registered_name):
    assert nested(module=module, registered_name=registered_name).output_shape((None, 2, 3)) == (None, 6)


@pytest.mark.parametrize("module", ["builtins", "zoo.layers", "keras_cv.layers"])
def test_a_custom_layer_inside_another_is_refused(module):
    with pytest.raises(UnsupportedError, match=f"custom class, {module}.Flatten"):
        nested(module=module)


def test_a_layer_registered_under_another_name_is_refused():
    with pytest.raises(UnsupportedError, match="custom class"):
        nested(module="keras.layers", registered_name="Mine>Flatten")


def test_the_name_of_an_inner_layer():
    assert nested().name == "flatten"
    assert nested(config={"name": "mine"}).name == "mine"


@pytest.mark.parametrize("serialized", [{"config": None}, {"config": [1]}])
def test_a_config_that_is_none_is_refused(serialized):
    with pytest.raises(ConfigError, match="expected a serialized layer"):
        nested(**serialized)


def test_an_inner_layer_of_another_kind_or_dtype_is_refused():
    with pytest.raises(UnsupportedError, match="expected a recurrent layer, got 'Flatten'"):
        nested(kind=type("Recurrent", (Layer,), {}))
    with pytest.raises(UnsupportedError, match="expected the float32 of the layer around it, got float16"):
        nested(config={"dtype": "float16"})


@pytest.mark.parametrize(("axis", "size", "fits"), [
    (0, 2, True), (-3, 2, True), (1, 3, True), (-1, 4, True), (2, 3, False), (3, 4, False), (-4, 2, False),
])  # fmt: skip
def test_the_size_along_an_axis(axis, size, fits):
    layer = Layer(name="it")
    for shape in ((2, 3, 4), (None, 3, 4), (None, None, None)):
        if fits or (shape[1] is None and -3 <= axis < 3):
            layer.check_axis(shape, axis, size)
        else:
            with pytest.raises(InputError, match=rf"expected {size} along axis {axis} of the input, got shape"):
                layer.check_axis(shape, axis, size)


def test_rank_and_last_axis_of_a_shape():
    layer = Layer(name="it")
    layer.check_shape((2, 3), ndim=2, min_ndim=2, last=3)
    layer.check_shape((2, None), last=3)
    layer.check_shape((2, 3, 4), min_ndim=2)
    for limits, match in [
        ({"ndim": 1}, "of rank 1, got"),
        ({"ndim": 3}, "of rank 3, got"),
        ({"min_ndim": 3}, "of rank 3 or more"),
        ({"last": 2}, "expected 2 along the last axis"),
    ]:
        with pytest.raises(InputError, match=match):
            layer.check_shape((2, 3), **limits)
    with pytest.raises(InputError, match="rank 1 or more"):
        layer.check_shape(())
