"""Functional models and files of every format that Keras 3 writes, against Keras itself."""

import numpy as np
import pytest

from scratchnn import Model, load_model
from scratchnn.keras_files import modern_config, spec_from_keras

pytestmark = [
    pytest.mark.keras,
    # A nested model passes no mask on by itself; what its last layer masks keeps its mask all the same.
    pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask attached to it:UserWarning"),
]


def nested(keras):
    """Shared and nested models, several inputs and outputs, states, masks, operations."""
    layers, ops = keras.layers, keras.ops
    stack = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(4)])
    inner_input = keras.Input((4,))
    hidden = layers.Dense(2)(inner_input)
    inner = keras.Model(inner_input, [hidden, layers.BatchNormalization(trainable=False)(hidden)])
    a, b, ids = (
        keras.Input((4,), name="a"),
        keras.Input((4,), name="b"),
        keras.Input((5,), dtype="int32", name="ids"),
    )
    shared = layers.Dense(4)
    one, two = shared(a), shared(b)
    first, second = stack(one), stack(two)
    (p, q), (r, s) = inner(first), inner(two)
    out = layers.Add()([p, r]) * 2.0 + ops.relu(q) - ops.mean(second, axis=-1, keepdims=True)
    embedded = layers.Embedding(10, 3, mask_zero=True)(ids)
    y, h, c = layers.LSTM(4, return_state=True, return_sequences=True)(embedded)
    z = layers.LSTM(4)(y, initial_state=[h, c])
    end = layers.Dense(2)(ops.concatenate([z, y[:, -1], s], axis=-1))
    return keras.Model({"a": a, "b": b, "ids": ids}, {"out": out, "end": end, "again": inner(second)[1]})


def masks(keras):
    """Masks that nobody passes by hand: through dropout, bidirectional layers, a nested model, a sum."""
    layers = keras.layers
    ids = keras.Input((6,), dtype="int32", name="ids")
    series = keras.Input((6, 2), name="series")
    embedded = layers.Embedding(5, 3, mask_zero=True)(ids)
    both = layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True))(layers.Dropout(0.5)(embedded))
    masked = layers.Masking(mask_value=0.0)(series)
    inner_input = keras.Input((6, 3))
    inner = keras.Model(inner_input, layers.GRU(6, return_sequences=True)(inner_input))
    added = layers.Add()([inner(embedded), both])
    pooled = layers.GlobalAveragePooling1D()(added)
    last = layers.LSTM(2)(layers.concatenate([masked, added]))
    return keras.Model([ids, series], [pooled, last, layers.TimeDistributed(layers.Dense(2))(added)])


def deep(keras):
    """A model in a model in a model, with the same names on every level, and one model in two others."""
    layers = keras.layers
    dense = layers.Dense(3, activation="tanh", name="dense")
    innermost = keras.Sequential([keras.Input((3,)), dense, layers.BatchNormalization(name="norm")], name="one")
    inner_input = keras.Input((3,))
    inner = keras.Model(inner_input, layers.Dense(3, name="other")(innermost(inner_input)), name="two")
    x = keras.Input((3,))
    return keras.Model(x, layers.BatchNormalization(name="norm")(inner(innermost(x))))


def steps(keras):
    """A whole model for each step, and modes that are said at the call."""
    layers = keras.layers
    stack = [keras.Input((6, 6, 2)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten()]
    encoder = keras.Sequential([*stack, layers.Dense(3, activation="tanh")], name="encoder")
    x = keras.Input((4, 6, 6, 2))
    flipped = layers.TimeDistributed(layers.Dropout(0.5))(layers.GaussianNoise(0.1)(x, training=False))
    return keras.Model(
        x, layers.LSTM(3)(layers.Dropout(0.2)(layers.TimeDistributed(encoder)(flipped), training=False))
    )


def named(keras):
    """A model inside whose outputs are a dict, not in the order of its keys, which is that of Keras's numbers."""
    layers = keras.layers
    x, y = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model([x, y], {"sum": layers.Add()([x, y]), "product": layers.Multiply()([x, y])})
    a, b = keras.Input((4,)), keras.Input((4,))
    given = inner([a, layers.Dense(4)(b)])
    return keras.Model([a, b], [given["sum"], layers.Dense(2)(given["product"])])


def half(keras):
    """Inputs that are rounded to float16, and a cast to a wider dtype."""
    x, y = keras.Input((4,), dtype="float16"), keras.Input((4,))
    return keras.Model([x, y], [keras.layers.Dense(3)(x), keras.ops.cast(y, "float64") * 1e6])


MODELS = {"nested": nested, "masks": masks, "deep": deep, "steps": steps, "named": named, "half": half}


@pytest.fixture(scope="module", params=MODELS)
def keras_model(request):
    import keras

    keras.utils.set_random_seed(11)
    model = MODELS[request.param](keras)
    generator = np.random.default_rng(5)
    for variable in model.weights:
        # Variances must be positive; nothing here may be symmetric.
        variable.assign(np.abs(generator.normal(0, 0.5, variable.shape)) + 0.05)
    return model


@pytest.fixture(scope="module")
def inputs(keras_model):
    generator = np.random.default_rng(7)

    def draw(tensor):
        shape = (8, *tensor.shape[1:])
        if tensor.dtype == "int32":
            return generator.integers(0, 3, shape).astype(np.int32)  # a third of all ids is masked, anywhere
        series = generator.normal(size=shape).astype(np.float32)
        return np.where(generator.random((*shape[:-1], 1)) < 0.3, 0, series).astype(np.float32)

    struct = keras_model._inputs_struct
    if isinstance(struct, dict):
        return {name: draw(tensor) for name, tensor in struct.items()}
    drawn = [draw(tensor) for tensor in keras_model.inputs]
    return drawn if len(drawn) > 1 else drawn[0]


def check(model, keras_model, inputs):
    theirs = keras_model(inputs)
    for ours in (model.forward(inputs), model.predict(inputs), model.astype(np.float64).forward(inputs)):
        if isinstance(theirs, dict):
            assert list(ours) == list(theirs)
            pairs = [(ours[name], theirs[name]) for name in theirs]
        else:
            listed = isinstance(theirs, list | tuple)
            pairs = zip(ours, theirs, strict=True) if listed else [(ours, theirs)]
        for mine, other in pairs:
            # At most six layers of sums of up to 12 products of numbers near 1: a few dozen roundings.
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def test_a_live_model(keras_model, inputs):
    check(Model(spec_from_keras(keras_model)), keras_model, inputs)


@pytest.mark.parametrize("file", ["m.keras", "m.h5"])
def test_a_file(keras_model, inputs, file, tmp_path):
    keras_model.save(tmp_path / file)
    check(load_model(tmp_path / file), keras_model, inputs)


def test_weights_alone(keras_model, inputs, tmp_path):
    spec = spec_from_keras(keras_model)
    before = [array.copy() for array in keras_model.get_weights()]
    keras_model.set_weights([array * 0.5 + 0.1 for array in before])
    keras_model.save_weights(tmp_path / "m.weights.h5")
    keras_model.save(tmp_path / "m.h5")
    keras_model.save(tmp_path / "m.keras")
    try:
        for file in ("m.weights.h5", "m.h5", "m.keras"):
            model = Model(spec)
            model.load_weights(tmp_path / file)
            check(model, keras_model, inputs)
    finally:
        keras_model.set_weights(before)


def test_keras_builds_the_same_model_from_our_spec(keras_model, inputs):
    import keras

    spec = spec_from_keras(keras_model)
    rebuilt = keras.saving.deserialize_keras_object(modern_config(spec))
    set_weights(rebuilt, spec)
    check(Model(spec), rebuilt, inputs)


def set_weights(model, spec):
    for layer in spec.layers:
        if layer.model is not None:
            inner = model.get_layer(layer.name)
            set_weights(inner.layer if layer.class_name == "TimeDistributed" else inner, layer.model)
        elif layer.weights:
            model.get_layer(layer.name).set_weights([weight.value for weight in layer.weights])
