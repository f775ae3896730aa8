"""Files of Keras 2, written by tf-keras, and conversions of older weights, against tf-keras itself."""

import numpy as np
import pytest

from scratchnn import UnsupportedError, load_model
from scratchnn.keras_files.legacy_weights import modern_weights
from scratchnn.spec import Weight
from scratchnn.verify import verify

pytestmark = [
    pytest.mark.keras,
    # tf-keras says that its own .h5 format is old, and calls parts of TensorFlow that say so of themselves.
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def tf_keras():
    return pytest.importorskip("tf_keras", reason="tf-keras, the oracle for Keras 2, is not installed")


def nested(keras):
    """Shared and nested models, states, masks, cells, the words that changed with Keras 3."""
    layers = keras.layers
    stack = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(4)])
    inner_input = keras.Input((4,))
    hidden = layers.Dense(2)(inner_input)
    inner = keras.Model(inner_input, [hidden, layers.BatchNormalization(trainable=False)(hidden)])
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    ids = keras.Input((5,), dtype="int32", name="ids")
    shared = layers.Dense(4, activation="hard_sigmoid")
    one, two = shared(a), shared(b)
    first, second = stack(one), stack(two)
    (p, q), (r, s) = inner(first), inner(two)
    out = layers.Subtract()([layers.Add()([p, r]), layers.ReLU(max_value=20.0, negative_slope=0.1)(q)])
    embedded = layers.Embedding(10, 3, mask_zero=True)(ids)
    y, h, c = layers.LSTM(4, return_state=True, return_sequences=True, recurrent_activation="hard_sigmoid")(
        embedded
    )
    z = layers.LSTM(4)(y, initial_state=[h, c])
    both = layers.Bidirectional(layers.GRU(3, reset_after=False, return_sequences=True))(embedded)
    cells = layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2)]))(both)
    steps = layers.Flatten()(layers.TimeDistributed(layers.Dense(2))(both))
    last = layers.Bidirectional(layers.GRU(3))(both)
    end = layers.Dense(2, activation="swish")(layers.Concatenate()([z, steps, s, last, cells]))
    return keras.Model([a, b, ids], [layers.LeakyReLU(alpha=0.2)(out), end, inner(second)[1]])


def dicts(keras):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    joined = keras.layers.Dense(2)(keras.layers.Concatenate()([a, b]))
    return keras.Model({"a": a, "b": b}, {"x": joined, "y": keras.layers.Dot(axes=1)([a, b])})


def images(keras):
    layers = keras.layers
    stack = [
        *(layers.Input((8, 8, 3)), layers.ZeroPadding2D(((1, 0), (2, 1)))),
        *(layers.SeparableConv2D(4, 3, padding="same", activation="relu"), layers.DepthwiseConv2D(3)),
        layers.Conv2D(4, 1, activation=layers.LeakyReLU(alpha=0.1)),
        *(layers.Conv2DTranspose(3, 2, strides=2), layers.BatchNormalization(), layers.PReLU(shared_axes=[1, 2])),
        *(layers.UpSampling2D(2), layers.MaxPooling2D(), layers.GlobalAveragePooling2D()),
        *(layers.LayerNormalization(), layers.ELU(0.5), layers.Reshape((3,)), layers.Dropout(0.3)),
        *(layers.ThresholdedReLU(theta=0.1), layers.Dense(4), layers.Softmax()),
    ]
    return keras.Sequential(stack)


def functions(keras):
    """Functions of TensorFlow on Keras's tensors: each becomes an operation."""
    import tensorflow as tf

    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    hidden = keras.layers.Dense(4)(x)
    squares = tf.reshape(hidden * 2.0 + y, (-1, 2, 2))
    unary = [
        *(tf.abs(y), -y, tf.sign(y), tf.floor(y), tf.math.ceil(y), tf.exp(y), tf.math.expm1(y), tf.square(y)),
        *(tf.math.log(tf.abs(y) + 1.0), tf.math.log1p(y * y), tf.sqrt(y**2), tf.math.rsqrt(1.0 + tf.square(y))),
        *(tf.math.reciprocal(tf.exp(y)), tf.sin(y), tf.cos(y), tf.tan(y), tf.tanh(y), tf.sigmoid(y)),
        *(tf.nn.softplus(y), tf.nn.softsign(y), tf.nn.relu(y), tf.nn.relu6(y), tf.nn.elu(y), tf.nn.selu(y)),
        *(tf.math.erf(y), tf.identity(y), tf.stop_gradient(y), tf.math.log_sigmoid(y), tf.nn.softmax(y)),
        *(tf.nn.log_softmax(y), tf.nn.gelu(y), tf.nn.gelu(y, approximate=True), tf.nn.leaky_relu(y, alpha=0.3)),
        *(tf.nn.leaky_relu(y), tf.nn.silu(y), tf.clip_by_value(y, -0.5, 0.5)),
    ]
    binary = [
        *(x + y, 1.0 - x, x - y, x * y, x / (tf.abs(y) + 1.0), tf.math.divide_no_nan(x, y), tf.maximum(x, y)),
        *(
            tf.minimum(x, 0.1),
            x // 0.5,
            x % 0.5,
            tf.pow(tf.abs(x), 1.5),
            tf.add(x, y),
            tf.multiply(x, [1.0, 2, 3, 4]),
        ),
    ]
    compared = tf.logical_or(tf.logical_and(x > y, x >= 0.0), tf.logical_not(tf.equal(x, y)))
    compared = tf.logical_and(compared, tf.logical_or(x < 1.0, tf.logical_or(x <= y, tf.not_equal(y, 0.0))))
    reduced = [
        *(
            tf.reduce_sum(squares, axis=[1]),
            tf.reduce_mean(squares, axis=1, keepdims=True),
            tf.reduce_max(squares, 2),
        ),
        *(tf.reduce_min(squares, axis=-1), tf.reduce_prod(squares, axis=[1, 2]), tf.math.reduce_std(squares, 1)),
        *(tf.math.reduce_variance(squares, axis=1), tf.reduce_logsumexp(squares, axis=2)),
        tf.cast(tf.reduce_any(tf.greater(squares, 0.5), axis=1), "float32"),
        tf.cast(tf.reduce_all(tf.greater(squares, 0.0), axis=1), "float32"),
    ]
    moved = [
        *(tf.concat([x, y], axis=-1)[:, 1:5], tf.stack([x, y], axis=1), tf.transpose(squares, [0, 2, 1])),
        *(
            tf.squeeze(tf.expand_dims(y, -1), axis=2),
            tf.matmul(squares, squares),
            squares[:, 0],
            squares[:, :, ::-1],
        ),
        *(tf.where(compared, x, y), keras.backend.mean(squares, axis=-1)),
    ]
    return keras.Model([x, y], [*unary, *binary, *reduced, *moved])


def more_functions(keras):
    """Those that became operations later, some with options in other words."""
    import tensorflow as tf

    x, ids = keras.Input((4, 6), name="x"), keras.Input((4,), dtype="int32", name="ids")
    small = tf.tanh(x) * 0.9
    moved = [
        *(*tf.split(x, 2, axis=1), *tf.split(x, [1, 3], axis=1), *tf.unstack(x, axis=1)),
        *(
            tf.pad(x, [[0, 0], [1, 1], [0, 2]], "REFLECT"),
            tf.pad(x, [[0, 0], [1, 1], [0, 2]], constant_values=1.5),
        ),
        *(tf.pad(x, [[0, 0], [1, 1], [0, 2]]), tf.tile(x, [1, 2, 1]), tf.reverse(x, [1]), tf.roll(x, 1, 1)),
        *(tf.repeat(x, 2, axis=1), tf.sort(x, axis=1), tf.gather(x, [0, 2], axis=1), tf.zeros_like(x)),
        *(tf.cast(tf.argsort(x, axis=1), "float32"), tf.one_hot(ids, 3), tf.ones_like(x), tf.math.top_k(x, 2)[0]),
    ]
    summed = [
        *(
            tf.cumsum(x, axis=1),
            tf.math.cumprod(x, axis=1),
            tf.norm(x, axis=-1),
            tf.norm(x, axis=1, keepdims=True),
        ),
        *(tf.tensordot(x, tf.ones((6, 2)), axes=1), tf.nn.l2_normalize(x, axis=-1)),
        tf.nn.l2_normalize(x, axis=1, epsilon=9.0),
    ]
    unary = [
        *(tf.asinh(x), tf.acosh(1.5 + x * x), tf.atanh(small), tf.asin(small), tf.acos(small), tf.atan(x)),
        *(tf.sinh(x), tf.cosh(x), tf.round(x), tf.atan2(x, small)),
    ]
    return keras.Model([x, ids], [*moved, *summed, *unary])


def steps(keras):
    """A whole model for each step."""
    layers = keras.layers
    images = [layers.Input((6, 6, 2)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Flatten()]
    stack = keras.Sequential([*images, layers.Dense(3, activation="tanh")], name="encoder")
    entry = keras.Input((16,))
    inner = keras.Model(entry, layers.Dense(2)(layers.Reshape((16,))(entry)), name="head")
    x = keras.Input((4, 6, 6, 2))
    encoded = layers.TimeDistributed(stack)(x)
    flat = layers.TimeDistributed(layers.Conv2D(1, 3))(x)
    heads = layers.TimeDistributed(inner)(layers.TimeDistributed(layers.Flatten())(flat))
    return keras.Model(x, [layers.LSTM(3)(encoded), heads])


def modes(keras):
    """The mode said at the call, where it is inference."""
    layers = keras.layers
    x = keras.Input((5, 5, 2))
    y = layers.RandomFlip()(x, training=False)
    y = layers.BatchNormalization()(y, training=False)
    return keras.Model(x, layers.Dropout(0.5)(y, training=False))


@pytest.mark.parametrize("build", [nested, dicts, images, functions, more_functions, steps, modes])
def test_files_of_keras_2(tf_keras, build, tmp_path):
    tf_keras.utils.set_random_seed(1)
    generator = np.random.default_rng(2)
    model = build(tf_keras)
    model.set_weights([np.abs(generator.normal(0, 0.4, array.shape)) + 0.05 for array in model.get_weights()])

    def draw(tensor):
        shape = (6, *tensor.shape[1:])
        whole = tensor.dtype == "int32"
        return (generator.integers(0, 3, shape) if whole else generator.normal(size=shape)).astype(
            tensor.dtype.name
        )

    struct = model._nested_inputs
    many = {key: draw(value) for key, value in struct.items()} if isinstance(struct, dict) else None
    x = many or [draw(tensor) for tensor in model.inputs]
    x = x[0] if len(x) == 1 else x
    expected = model(x)
    model.save(tmp_path / "m.h5")
    model.save(tmp_path / "m.keras")
    model.set_weights([array + 1 for array in model.get_weights()])
    later = model(x)
    model.save_weights(tmp_path / "w.h5")
    model.save_weights(tmp_path / "m.weights.h5")
    for file in ("m.h5", "m.keras"):
        ours = load_model(tmp_path / file)
        check(ours.forward(x), expected)
        check(ours.predict(x), expected)
        for weights in ("w.h5", "m.weights.h5"):
            ours.load_weights(tmp_path / weights)
            check(ours.forward(x), later)


def check(ours, theirs):
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
    pairs = [(ours[key], theirs[key]) for key in theirs] if isinstance(theirs, dict) else [(ours, theirs)]
    pairs = zip(ours, theirs, strict=True) if isinstance(theirs, list) else pairs
    for mine, other in pairs:
        # Sums of up to 30 products of numbers below 10, through at most eight layers.
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def arrays(*shapes):
    generator = np.random.default_rng(4)
    return [generator.normal(size=shape).astype(np.float32) for shape in shapes]


LSTM_1 = [(3, 2), (2, 2), (2,)] * 4
GRU_1 = [(3, 2), (2, 2), (2,)] * 3
# Class, options, shape of the input, shapes of the old arrays, version and backend that wrote them.
CONVERSIONS = {
    "LSTM of Keras 1": ("LSTM", {"units": 2}, (None, 5, 3), LSTM_1, "1", None),
    "GRU of Keras 1": ("GRU", {"units": 2, "reset_after": False}, (None, 5, 3), GRU_1, "1", None),
    "CuDNNLSTM": ("LSTM", {"units": 2}, (None, 5, 3), [(3, 8), (2, 8), (16,)], "2.2.4", None),
    "CuDNNGRU": ("GRU", {"units": 2, "reset_after": True}, (None, 5, 3), [(3, 6), (2, 6), (12,)], "2.2.4", None),
    "Conv1D of Keras 1": (
        "Conv1D",
        {"filters": 4, "kernel_size": 3},
        (None, 9, 2),
        [(3, 1, 2, 4), (4,)],
        "1",
        None,
    ),
    "Conv1D of Keras 1.1": (
        "Conv1D",
        {"filters": 4, "kernel_size": 3},
        (None, 9, 2),
        [(4, 2, 3, 1), (4,)],
        "1",
        None,
    ),
    "Conv2D": ("Conv2D", {"filters": 4, "kernel_size": (2, 3)}, (None, 9, 9, 2), [(2, 3, 2, 4), (4,)], "1", None),
    "Conv2D of Theano": (
        *("Conv2D", {"filters": 4, "kernel_size": (2, 3)}, (None, 9, 9, 2)),
        *([(2, 3, 2, 4), (4,)], "2.0.0", "theano"),
    ),
    "Conv2D, channels first": (
        *("Conv2D", {"filters": 4, "kernel_size": (2, 3), "data_format": "channels_first"}, (None, 2, 9, 9)),
        *([(4, 2, 2, 3), (4,)], "1", "theano"),
    ),
    "Conv2DTranspose": (
        *("Conv2DTranspose", {"filters": 4, "kernel_size": (2, 3)}, (None, 9, 9, 2)),
        *([(2, 3, 2, 4), (4,)], "1", None),
    ),
    "no bias": ("LSTM", {"units": 2, "use_bias": False}, (None, 5, 3), [(3, 8), (2, 8)], "2.2.4", None),
    "nothing to do": ("LSTM", {"units": 2}, (None, 5, 3), [(3, 8), (2, 8), (8,)], "2.2.4", "tensorflow"),
}


@pytest.mark.parametrize("what", CONVERSIONS)
def test_older_weights_are_converted_as_keras_2_converts_them(tf_keras, what):
    from tf_keras.src.saving.legacy.hdf5_format import preprocess_weights_for_loading

    class_name, options, shape, shapes, version, backend = CONVERSIONS[what]
    before = arrays(*shapes)
    layer = getattr(tf_keras.layers, class_name)(**options)
    layer.build(shape)
    theirs = preprocess_weights_for_loading(layer, [array.copy() for array in before], version, backend)
    assert [array.shape for array in theirs] == [tuple(weight.shape) for weight in layer.weights]
    weights = [Weight(str(place), array) for place, array in enumerate(before)]
    ours = modern_weights(class_name, layer.get_config(), weights, int(version[0]), backend)
    assert len(ours) == len(theirs)
    if backend == "theano":
        theirs[0] = np.flip(theirs[0], axis=(0, 1))  # standalone Keras did this, tf-keras has dropped it
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine.value, other)
    if what not in ("no bias", "nothing to do", "Conv2D"):
        assert any(
            mine.value.shape != old.shape or (mine.value != old).any()
            for mine, old in zip(ours, before, strict=False)
        )


def test_layers_inside_layers_are_converted_too(tf_keras):
    from tf_keras.src.saving.legacy.hdf5_format import preprocess_weights_for_loading

    both = tf_keras.layers.Bidirectional(tf_keras.layers.LSTM(2))
    both.build((None, 5, 3))
    for version, shapes in (("1", 2 * LSTM_1), ("2.2.4", 2 * [(3, 8), (2, 8), (16,)])):
        before = arrays(*shapes)
        theirs = preprocess_weights_for_loading(both, [array.copy() for array in before], version, None)
        weights = [Weight(str(place), array) for place, array in enumerate(before)]
        ours = modern_weights("Bidirectional", both.get_config(), weights, int(version[0]), None)
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(mine.value, other)
    steps = tf_keras.layers.TimeDistributed(tf_keras.layers.Conv2D(4, 3))
    kernel, bias = arrays((3, 3, 2, 4), (4,))
    ours = modern_weights(
        "TimeDistributed", steps.get_config(), [Weight("k", kernel), Weight("b", bias)], 2, "theano"
    )
    np.testing.assert_array_equal(ours[0].value, kernel[::-1, ::-1])


def refused(keras, what):
    """Models that scratchnn refuses, each for one reason that it names."""
    import tensorflow as tf

    layers = keras.layers
    x = keras.Input((4, 4, 3))
    y = {
        "a function": lambda: tf.math.bessel_i0(x),
        "a number around it": lambda: tf.gather(x, [0, 1], axis=1, batch_dims=1),
        "an argument": lambda: tf.matmul(x, x, transpose_b=True),
        "a layer as a function": lambda: layers.Conv2D(2, 3, activation=layers.PReLU())(x),
        "random numbers": lambda: layers.RandomFlip()(x, training=True),
        "dropout": lambda: layers.Dropout(0.5)(x, training=True),
        "dropout by position": lambda: layers.Dropout(0.5)(x, True),
        "code": lambda: layers.Lambda(lambda tensor: tensor * 2)(x),
    }[what]()
    return keras.Model(x, y)


REFUSED = {
    "a function": "TFOpLambda 'tf.math.bessel_i0': scratchnn has no operation for TensorFlow's function "
    "'math.bessel_i0'$",
    "a number around it": "scratchnn has no operation for 'compat.v1.gather' with batch_dims=1$",
    "an argument": "scratchnn has no operation for 'linalg.matmul' with transpose_b=True$",
    "a layer as a function": "Conv2D 'conv2d': option 'activation': expected a function by name, or a layer "
    "that is one, got a layer of class 'PReLU'",
    "random numbers": "RandomFlip 'random_flip': it is called with training=True",
    "dropout": "Dropout 'dropout': it is called with training=True",
    "dropout by position": "Dropout 'dropout': it is called with training=True",
    "code": "Lambda 'lambda': Lambda carries Python code",
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("file", ["m.h5", "m.keras"])
def test_what_is_refused_for_one_reason(tf_keras, what, file, tmp_path):
    tf_keras.backend.clear_session()
    refused(tf_keras, what).save(tmp_path / file)
    with pytest.raises(UnsupportedError, match=REFUSED[what]):
        load_model(tmp_path / file)


@pytest.mark.parametrize("file", ["m.h5", "m.keras"])
def test_the_reference_has_keras_2s_meaning_in_layers_as_activations(tf_keras, file, tmp_path):
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            *(layers.Input((5,)), layers.Dense(4, activation=layers.LeakyReLU(alpha=0.1))),
            layers.Dense(3, activation=layers.Activation("hard_sigmoid")),
        ]
    )
    model.save(tmp_path / file)
    x = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    check(load_model(tmp_path / file).predict(x), model(x))
    result = verify(tmp_path / file, samples=4)
    assert result.agrees, result


@pytest.mark.parametrize("build", [functions, more_functions])
def test_the_reference_has_the_same_functions(tf_keras, build, tmp_path):
    build(tf_keras).save(tmp_path / "m.h5")
    result = verify(tmp_path / "m.h5", samples=4)
    assert result.error is None, result.error
    assert result.agrees, (result.first_wrong, result.outputs)
