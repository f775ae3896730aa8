"""Small models as people build them: each is verified, or refused by one message."""

import numpy as np
import pytest

from scratchnn import InputError, ScratchnnError, load_model
from scratchnn.agreement import Verdict
from scratchnn.layers.string_lookup import StringLookup
from scratchnn.oracle.kernels import lacks_float64
from scratchnn.verify import random_inputs, verify

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning"),
]


def siamese(keras, layers):
    stack = [keras.Input((10,)), layers.Dense(8, activation="relu"), layers.Dense(4)]
    encoder = keras.Sequential(stack, name="encoder")
    a, b = keras.Input((10,)), keras.Input((10,))
    return keras.Model([a, b], layers.Dense(1, activation="sigmoid")(keras.ops.abs(encoder(a) - encoder(b))))


def translator(keras, layers):
    """The encoder's state is the decoder's first: one tensor, not a list."""
    source, target = (keras.Input((length,), dtype="int32") for length in (6, 5))
    _, state = layers.GRU(8, return_state=True)(layers.Embedding(20, 8, mask_zero=True)(source))
    embedded = layers.Embedding(20, 8, mask_zero=True)(target)
    steps = layers.GRU(8, return_sequences=True)(embedded, initial_state=state)
    return keras.Model([source, target], layers.TimeDistributed(layers.Dense(20, activation="softmax"))(steps))


def attention(keras, layers):
    """By hand, with nothing that has weights."""
    query, value = keras.Input((5, 8)), keras.Input((7, 8))
    weights = layers.Softmax()(layers.Dot(axes=(2, 2))([query, value]))
    return keras.Model([query, value], layers.Concatenate()([query, layers.Dot(axes=(2, 1))([weights, value])]))


def wide_and_deep(keras, layers):
    text, ids, numbers = keras.Input((1,), dtype="string"), keras.Input((1,), dtype="int32"), keras.Input((3,))
    parts = [
        layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")(text),
        layers.CategoryEncoding(5, output_mode="one_hot")(ids),
        layers.Normalization(mean=[0.0, 1.0, 2.0], variance=[1.0, 2.0, 3.0])(numbers),
        layers.Discretization([-1.0, 0.0, 1.0], output_mode="one_hot")(numbers[:, :1]),
    ]
    return keras.Model([text, ids, numbers], layers.Dense(1)(layers.Concatenate()(parts)))


def video(keras, layers):
    stack = [keras.Input((8, 8, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Flatten()]
    x = keras.Input((4, 8, 8, 2))
    return keras.Model(x, layers.LSTM(3)(layers.TimeDistributed(keras.Sequential(stack))(x)))


def mobile(keras, layers):
    x = keras.Input((16, 16, 3))
    y = layers.ZeroPadding2D(((0, 1), (0, 1)))(layers.Rescaling(1 / 127.5, offset=-1)(x))
    y = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, use_bias=False)(y))
    y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(layers.ReLU(6.0)(y)))
    squeezed = layers.Conv2D(2, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    y = layers.Multiply()([y, layers.Conv2D(8, 1, activation="hard_sigmoid")(squeezed)])
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(y)))


def counts(keras, layers):
    """Whole numbers that are added before any layer makes floats of them."""
    a, b = keras.Input((4,), dtype="int64"), keras.Input((4,), dtype="int32")
    total = layers.Add()([a, b])
    return keras.Model([a, b], [layers.Dense(3)(total), layers.Concatenate()([total, layers.Maximum()([a, b])])])


def means(keras, layers):
    """Means of whole numbers: fractions, of 64 bits where the numbers have 32 or more."""
    inputs = [keras.Input((4,), dtype=dtype) for dtype in ("int32", "int64", "uint8", "uint8")]
    wide, narrow = layers.Average()(inputs[:2]), layers.Average()(inputs[2:])
    return keras.Model(inputs, [wide, narrow, layers.Dense(3)(wide), layers.Dense(3)(narrow)])


def truth_values(keras, layers):
    a, b = keras.Input((4,), dtype="bool"), keras.Input((2,), dtype="bool")
    both = layers.Concatenate()([a, b])
    return keras.Model([a, b], [both, layers.Dense(3)(both)])


def remembering(keras, layers):
    """Stateful layers, whose batch size the file fixes."""
    stack = [layers.LSTM(3, stateful=True, return_sequences=True), layers.GRU(2, stateful=True), layers.Dense(2)]
    return keras.Sequential([keras.Input(batch_shape=(5, 4, 2)), *stack])


def remembering_many(keras, layers):
    inner = layers.Bidirectional(layers.SimpleRNN(3, stateful=True))
    return keras.Sequential([keras.Input(batch_shape=(300, 4, 2)), inner])


def volume(keras, layers):
    """Poolings that TensorFlow has in float32 alone."""
    stack = [layers.Conv3D(2, 2), layers.MaxPooling3D(2), layers.AveragePooling3D(2, padding="same")]
    return keras.Sequential([keras.Input((6, 6, 6, 1)), *stack])


def channels_first(keras, layers):
    """Convolutions that TensorFlow has for channels_last alone."""
    stack = [
        layers.Conv2D(4, 3, dilation_rate=2, data_format="channels_first", activation="relu"),
        layers.MaxPooling2D(data_format="channels_first"),
        layers.Conv2DTranspose(3, 2, strides=2, data_format="channels_first"),
        layers.Reshape((3, 36)),
        layers.Conv1D(2, 3, padding="same", data_format="channels_first"),
        layers.TimeDistributed(layers.Dense(2)),
    ]
    return keras.Sequential([keras.Input((2, 10, 10)), *stack])


def functions_as_layers(keras, layers):
    """Layers in the place of activation functions."""
    stack = [
        layers.Conv1D(4, 3, activation=layers.LeakyReLU(0.1)),
        layers.SeparableConv1D(4, 2, activation=layers.ReLU(max_value=0.4, negative_slope=0.2, threshold=0.1)),
        layers.SimpleRNN(3, activation=layers.ELU(0.7), return_sequences=True),
        layers.GRU(3, activation=layers.LeakyReLU(0.3), return_sequences=True, unroll=True),
        layers.LSTM(3, recurrent_activation=layers.Activation("hard_sigmoid")),
        layers.Dense(4, activation=layers.ELU(1.5)),
        layers.Activation(layers.LeakyReLU(0.2)),
    ]
    return keras.Sequential([keras.Input((9, 5)), *stack])


def unrolled(keras, layers):
    """Zeros for masked steps, read backwards: Keras's unrolled loop puts them elsewhere if all are returned."""
    loop = {"go_backwards": True, "zero_output_for_mask": True, "unroll": True}
    x = keras.Input((6,), dtype="int32")
    y = layers.Embedding(3, 4, mask_zero=True)(x)
    return keras.Model(x, [layers.LSTM(3, **loop)(y), layers.GRU(3, return_sequences=True, **loop)(y)])


def inputs_by_name(keras, layers):
    """A dict of inputs, which Keras flattens by its keys, not in their order."""
    b, a = keras.Input((3,), name="b"), keras.Input((4,), name="a")
    return keras.Model({"b": b, "a": a}, layers.Concatenate()([layers.Dense(2)(b), layers.Dense(2)(a)]))


def siamese_of_ids(keras, layers):
    """The table is inside the encoder."""
    encoder = keras.Sequential([keras.Input((6,), dtype="int32"), layers.Embedding(3, 4), layers.Flatten()])
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    return keras.Model([a, b], layers.Dense(1)(keras.ops.abs(encoder(a) - encoder(b))))


def ids_by_name(keras, layers):
    """A nested model that takes a dict, one part of it ids."""
    word, number = keras.Input((2,), dtype="int32", name="word"), keras.Input((3,), name="number")
    joined = layers.Concatenate()([layers.Flatten()(layers.Embedding(3, 2)(word)), number])
    inner = keras.Model({"word": word, "number": number}, layers.Dense(2)(joined))
    b, a = keras.Input((2,), dtype="int32"), keras.Input((3,))
    return keras.Model([b, a], inner({"number": a, "word": b}))


def ids_in_steps(keras, layers):
    encoder = keras.Sequential([keras.Input((5,), dtype="int32"), layers.Embedding(3, 4), layers.Flatten()])
    x = keras.Input((4, 5), dtype="int32")
    parts = [
        layers.TimeDistributed(encoder)(x),
        layers.Reshape((4, 10))(layers.TimeDistributed(layers.Embedding(6, 2))(x)),
        layers.TimeDistributed(layers.CategoryEncoding(4))(x),
    ]
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()(parts)))


def moved_ids(keras, layers):
    """Layers and operations that move ids, one inside a model, stand before what reads them."""
    a, b = keras.Input((2, 3)), keras.Input((6,), dtype="int32")
    inner = keras.Sequential([keras.Input((2, 3)), layers.Permute((2, 1)), layers.Reshape((6,))])
    ids = layers.Concatenate()([layers.Dropout(0.5)(inner(a)), layers.Identity()(keras.ops.cast(b, "float32"))])
    first, second = keras.ops.split(ids, 2, axis=1)
    pooled = layers.Flatten()(layers.MaxPooling1D(2)(layers.Reshape((6, 1))(second)))
    read = [
        layers.Embedding(3, 4)(keras.ops.flip(first, axis=1)),
        layers.Embedding(2, 4)(layers.ZeroPadding1D((0, 3))(layers.Reshape((3, 1))(pooled))[:, :, 0]),
    ]
    return keras.Model([a, b], layers.Add()(read))


def ids_of_several_tables(keras, layers):
    """The smallest table sets the range, and so does an index that has no id for what is unknown."""
    a, b = keras.Input((4,), dtype="int64"), keras.Input((4,), dtype="int64")
    known = layers.IntegerLookup(vocabulary=[50, 2, 1], num_oov_indices=0, mask_token=None)
    read = [layers.Embedding(50, 3)(a), layers.Embedding(4, 3)(a), layers.Embedding(3, 3)(b)]
    return keras.Model([a, b], [layers.Concatenate()(read), known(keras.ops.reshape(b, (-1, 2, 2)))])


def moved_texts(keras, layers):
    text = keras.Input((2,), dtype="string")
    word, rest = text[:, :1], keras.ops.expand_dims(text, -1)[:, 1]
    lookup = layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0)
    vectorize = layers.TextVectorization(vocabulary=["a", "b", "c"], output_sequence_length=3)
    one = layers.Embedding(4, 2)(lookup(word))
    return keras.Model(text, layers.Concatenate(axis=1)([one, layers.Embedding(5, 2)(vectorize(rest))]))


def names_of_ids(keras, layers):
    """Texts as output, looked up by ids, cut and turned."""
    x, numbers = keras.Input((3,), dtype="int64"), keras.Input((3,), dtype="int32")
    words = layers.StringLookup(vocabulary=["a", "bé", "c"], invert=True)(x)
    known = layers.IntegerLookup(vocabulary=[5, 70], invert=True)(numbers)
    return keras.Model([x, numbers], [words, keras.ops.flip(words, axis=1)[:, :2], known])


def nested_texts(keras, layers):
    text = keras.Input((1,), dtype="string")
    vectorize = layers.TextVectorization(vocabulary=["foo", "bar"], output_sequence_length=4)
    encoder = keras.Model(text, layers.Embedding(4, 3)(vectorize(text)))
    outer = keras.Input((1,), dtype="string")
    return keras.Model(outer, layers.Flatten()(encoder(outer)))


def half(keras, layers):
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="float16")])


BUILT = [siamese, translator, attention, wide_and_deep, video, mobile, counts, means, truth_values]
BUILT += [remembering, remembering_many, volume, channels_first, half]
BUILT += [functions_as_layers, unrolled, inputs_by_name]
BUILT += [siamese_of_ids, ids_by_name, ids_in_steps, moved_ids, ids_of_several_tables, nested_texts]
BUILT += [moved_texts, names_of_ids]


@pytest.mark.parametrize("build", BUILT)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_it_agrees(build, suffix, tmp_path):
    import keras

    keras.utils.set_random_seed(1)
    path = tmp_path / f"model{suffix}"
    build(keras, keras.layers).save(path)
    result = verify(path, samples=4)
    assert result.error is None, result.error
    assert result.agrees, result


@pytest.mark.parametrize("given", [dict, lambda pairs: [array for _, array in pairs]])
def test_inputs_may_be_given_by_name_or_in_the_order_of_the_model(given, tmp_path):
    import keras

    inputs_by_name(keras, keras.layers).save(tmp_path / "model.keras")
    x = [("b", np.ones((40, 3), np.float32)), ("a", np.full((40, 4), 2, np.float32))]
    result = verify(tmp_path / "model.keras", inputs=given(x))
    assert result.agrees, result
    assert result.outputs[0].samples == 40
    short = verify(tmp_path / "model.keras", inputs=given([x[0], ("a", x[1][1][:5])]))
    assert "expected as many samples for each input" in str(short.error)


@pytest.mark.parametrize("dtype", ["str", "bytes", "object"])
def test_texts_may_be_given_as_bytes(dtype, tmp_path):
    import keras

    x = keras.Input((2,), dtype="string")
    lookup = keras.layers.StringLookup(vocabulary=["a", "bé"])
    keras.Model(x, [lookup(x), x[:, :1]]).save(tmp_path / "model.keras")
    texts = np.array([["a", "bé"], ["bé", "z"]])
    given = texts if dtype == "str" else np.char.encode(texts).astype(dtype)
    result = verify(tmp_path / "model.keras", inputs=given)
    assert result.agrees, result


def test_ids_may_be_given_as_floats(tmp_path):
    """Nothing in the model has weights; its inputs must stay whole."""
    import keras

    x = keras.Input((4,))
    keras.Model(x, keras.layers.CategoryEncoding(5)(x)).save(tmp_path / "model.keras")
    result = verify(tmp_path / "model.keras", inputs=np.array([[0, 1, 2, 3], [4, 4, 4, 4]], np.float32))
    assert result.error is None, result.error
    assert result.agrees, result


def test_another_text_is_told(tmp_path, monkeypatch):
    import keras

    names_of_ids(keras, keras.layers).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras").stateless()
    tokens = next(layer for layer in model.layers if isinstance(layer, StringLookup)).index.tokens
    monkeypatch.setattr(StringLookup, "_invert", lambda self, ids: np.full(ids.shape, tokens[1], object))
    result = verify(tmp_path / "model.keras", samples=4)
    assert result.exit_code == 1, result.error
    assert result.first_wrong.class_name == "StringLookup"
    agreement = result.first_wrong.agreement
    assert (agreement.verdict, agreement.got) == (Verdict.SCRATCH_OFF, "bé")
    assert agreement.expected in ("[UNK]", "a", "c")


def of_a_narrow_dtype(keras, layers, x):
    return layers.Embedding(300, 2)(x)


def inverted(keras, layers, x):
    return layers.StringLookup(vocabulary=["a"], invert=True)(x)


def one_hot(keras, layers, x):
    return keras.ops.one_hot(x, 4)


@pytest.mark.parametrize(
    ("build", "dtype", "highest"),
    [(of_a_narrow_dtype, "uint8", 255), (inverted, "int64", 1), (one_hot, "int32", 3)],
)
def test_drawn_ids_are_all_those_of_the_table(build, dtype, highest, tmp_path):
    import keras

    x = keras.Input((4, 8), dtype=dtype)
    keras.Model(x, build(keras, keras.layers, x)).save(tmp_path / "model.keras")
    ids = random_inputs(load_model(tmp_path / "model.keras"), 256, 0)
    assert ids.shape == (256, 4, 8)
    assert np.unique(ids).tolist() == list(range(highest + 1))


def test_an_input_of_whole_numbers_takes_floats_without_fractions(tmp_path):
    import keras

    path = tmp_path / "model.keras"
    counts(keras, keras.layers).save(path)
    model, x = load_model(path), np.arange(8).reshape(2, 4)
    for mine, theirs in zip(model.forward([x, x.astype(float)]), model.forward([x, x]), strict=True):
        assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())
    with pytest.raises(InputError, match=r"expected whole numbers \(int64\), got fractions"):
        model.predict([x + 0.5, x])


@pytest.mark.parametrize("dtype", ["int64", "float32"])
def test_numbers_beyond_the_dtype_of_an_input_are_refused(dtype, tmp_path):
    import keras

    path = tmp_path / "model.keras"
    means(keras, keras.layers).save(path)
    model, x = load_model(path), np.arange(8).reshape(2, 4)
    outputs = model.forward([x, x, x.astype(dtype), x])
    assert [output.dtype for output in outputs] == ["float64", "float32", "float32", "float32"]
    with pytest.raises(InputError, match=r"expected whole numbers \(uint8\), got -1 to 6"):
        model.predict([x, x, (x - 1).astype(dtype), x])
    with pytest.raises(InputError, match=r"expected whole numbers \(uint8\), got 250 to 257"):
        model.predict([x, x, x, (x + 250).astype(dtype)])


def test_what_tensorflow_has_not_is_said(tmp_path):
    import keras

    notes = {}
    for build in (volume, channels_first):
        keras.utils.clear_session()
        build(keras, keras.layers).save(tmp_path / "model.keras")
        notes[build] = " ".join(verify(tmp_path / "model.keras", samples=2).notes)
    assert "no float64 for average_pooling3d, max_pooling3d:" in notes[volume], notes
    for name in ("conv2d", "conv2d_transpose", "conv1d"):
        assert name in notes[channels_first], notes


def test_models_that_draw_by_the_batch_size_of_the_file_say_so(tmp_path):
    import keras

    remembering(keras, keras.layers).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    assert random_inputs(model, 32, 0).shape == (5, 4, 2)


def layer_as_function(keras, layers):
    return [layers.Dense(3, activation=layers.PReLU())]


def code(keras, layers):
    return [layers.Lambda(lambda x: x * 2)]


def spectral(keras, layers):
    return [layers.SpectralNormalization(layers.Dense(2))]


def low_rank(keras, layers):
    return [layers.Dense(3, lora_rank=2)]


def mixed(keras, layers):
    return [layers.Dense(3, dtype="mixed_bfloat16")]


def eight_bits(keras, layers):
    return [layers.Dense(3, dtype="int8_from_float32")]


REFUSED = {
    layer_as_function: "expected a function by name, or a layer that is one, got a layer of class 'PReLU'",
    code: "Lambda carries Python code",
    spectral: "scratchnn has no layer 'SpectralNormalization'",
    low_rank: "option 'lora_rank': expected one of None, got 2",
    mixed: "option 'dtype': expected one of float16, float32, float64, got 'mixed_bfloat16'",
    eight_bits: "Dense 'dense': option 'dtype': expected one of float16, float32, float64, got",
}


@pytest.mark.parametrize("build", REFUSED)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_it_is_refused_by_one_message(build, suffix, tmp_path):
    import keras

    path = tmp_path / f"model{suffix}"
    keras.utils.clear_session()
    keras.Sequential([keras.Input((6,)), *build(keras, keras.layers)]).save(path)
    with pytest.raises(ScratchnnError, match=REFUSED[build]):
        load_model(path)


def test_only_a_missing_float64_is_taken_for_one():
    class NotFoundError(Exception):
        pass

    message = "Could not find device for node: {{node X}} = X[T=DT_DOUBLE, data_format=..."
    assert lacks_float64(NotFoundError(message))
    assert not lacks_float64(NotFoundError(message.replace("DOUBLE", "FLOAT")))
    assert not lacks_float64(ValueError(message))


@pytest.mark.parametrize(("dtype", "kind"), [("float16", "Max"), ("float16", "Average"), ("float64", "Max")])
def test_what_tensorflow_cannot_run_at_all_is_said(dtype, kind, tmp_path):
    import keras

    pool = getattr(keras.layers, f"{kind}Pooling3D")(2, dtype=dtype)
    keras.Sequential([keras.Input((4, 4, 4, 1)), pool]).save(tmp_path / "model.keras")
    result = verify(tmp_path / "model.keras", samples=2)
    name = {"Max": "MaxPool3D", "Average": "AvgPool3D"}[kind]
    assert f"TensorFlow has no {name} of {dtype} on the CPU" in str(result.error)
    assert "\x1b" not in str(result.error)


@pytest.mark.parametrize("build", [remembering, remembering_many])
def test_a_stateless_copy_starts_every_call_from_zeros(build, tmp_path):
    import keras

    build(keras, keras.layers).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    x = random_inputs(model, 1, 0)
    first, copy = model.predict(x), model.stateless()
    assert not np.array_equal(model.predict(x), first)
    for _ in range(2):
        np.testing.assert_allclose(copy.predict(x), first, rtol=1e-6, atol=1e-7)
    assert not np.array_equal(model.predict(x), first)  # the model itself remembers as before
