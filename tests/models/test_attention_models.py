"""Models with MultiHeadAttention as people build them: from the file to the same numbers as Keras."""

import json
import zipfile

import numpy as np
import pytest

from scratchnn import load_model
from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.keras_files.arguments import call_arguments
from scratchnn.keras_files.order import keras_order
from scratchnn.spec import LayerSpec, NodeSpec, TensorRef
from scratchnn.verify import verify

X, Y, Z = (TensorRef(name, 0, 0) for name in "xyz")

saves_h5 = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")


def time_series(keras, layers):
    """Blocks of a transformer encoder over numbers."""
    inputs = x = keras.Input((12, 1))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dropout(0.25)(layers.MultiHeadAttention(num_heads=3, key_dim=4, dropout=0.25)(y, y))
        residual = layers.Add()([y, x])
        y = layers.LayerNormalization(epsilon=1e-6)(residual)
        y = layers.Conv1D(1, 1)(layers.Dropout(0.25)(layers.Conv1D(4, 1, activation="relu")(y)))
        x = layers.Add()([y, residual])
    y = layers.Dense(8, activation="relu")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dropout(0.4)(y)))


def texts(keras, layers):
    """Masked ids; the attention takes the mask off the tensor that is added behind it."""
    ids = keras.Input((9,), dtype="int32")
    x = layers.Embedding(4, 8, mask_zero=True)(ids)
    first, second = (layers.MultiHeadAttention(2, 3, dropout=rate)(x, x) for rate in (0.0, 0.1))
    x = layers.LayerNormalization()(layers.Add()([x, first, second]))
    return keras.Model(ids, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


def decoder(keras, layers):
    """Masked causal attention, and attention to another text."""
    source, target = keras.Input((7,), dtype="int32"), keras.Input((None,), dtype="int32")
    memory = layers.Embedding(4, 6, mask_zero=True)(source)
    x = layers.Embedding(4, 8, mask_zero=True)(target)
    for _ in range(2):
        y = layers.MultiHeadAttention(2, 3)(query=x, value=x, key=x, use_causal_mask=True)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        x = layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, memory)])
    return keras.Model([source, target], layers.Dense(4)(x))


def causal(keras, layers):
    """No mask but the causal one, with which Keras calls another function, with and without dropout."""
    x = keras.Input((5, 4))
    return keras.Model(
        x, [layers.MultiHeadAttention(2, 3, dropout=rate)(x, x, use_causal_mask=True) for rate in (0.0, 0.5)]
    )


def cross(keras, layers):
    """Query, value and key of their own, an input as the mask, an output of another size."""
    query, value, key = keras.Input((5, 4)), keras.Input((7, 6)), keras.Input((7, 3))
    mask = keras.Input((5, 7), dtype="bool")
    first = layers.MultiHeadAttention(3, 2, value_dim=5, output_shape=6)(query, value, key=key)
    second = layers.MultiHeadAttention(3, 2, use_bias=False)(query, value, attention_mask=mask)
    return keras.Model([query, value, key, mask], [first, second])


def scores(keras, layers):
    """The softmaxed scores as a second output, of texts of any length."""
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(4, 8, mask_zero=True)(ids)
    return keras.Model(ids, layers.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True))


def plain(keras, layers):
    """Attention without projections to a masked text, of a masked text, and what comes of its mask."""
    source, target = keras.Input((7,), dtype="int32"), keras.Input((None,), dtype="int32")
    value, query = (layers.Embedding(4, 6, mask_zero=True)(ids) for ids in (source, target))
    first = layers.Attention(use_scale=True, dropout=0.1)([query, value])
    second, shares = layers.AdditiveAttention()([query, value], return_attention_scores=True)
    third = layers.Attention(score_mode="concat")([query, query], use_causal_mask=True)
    pooled = [layers.GlobalAveragePooling1D()(x) for x in (first, second, layers.Add()([third, query]))]
    return keras.Model([source, target], [layers.Dense(2)(layers.Concatenate()(pooled)), shares])


def save(build, path):
    import keras

    keras.utils.set_random_seed(1)
    model = build(keras, keras.layers)
    random = np.random.default_rng(0)
    model.set_weights([w + random.normal(size=w.shape) / 4 for w in model.get_weights()])  # biases too
    model.save(path)
    return model


@saves_h5
@pytest.mark.keras
@pytest.mark.parametrize("build", [time_series, texts, decoder, causal, cross, scores, plain])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_it_agrees(build, suffix, tmp_path):
    path = tmp_path / f"model{suffix}"
    save(build, path)
    result = verify(path, samples=5)
    assert result.error is None, result.error
    assert result.agrees, result


@pytest.mark.keras
def test_weights_are_found_under_the_private_names_of_the_first_keras_3(tmp_path):
    import h5py

    path, old = tmp_path / "model.keras", tmp_path / "old.keras"
    save(time_series, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = tmp_path / "model.weights.h5"
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        for group in [group for name, group in file["layers"].items() if name.startswith("multi_head")]:
            for part in ("query", "key", "value", "output"):
                group.move(f"{part}_dense", f"_{part}_dense")
    with zipfile.ZipFile(old, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, weights.read_bytes() if name == "model.weights.h5" else content)
    x = np.random.default_rng(0).normal(size=(3, 12, 1)).astype(np.float32)
    np.testing.assert_array_equal(load_model(old).predict(x), load_model(path).predict(x))


@pytest.mark.keras
def test_the_nodes_are_in_the_order_in_which_keras_runs_them(tmp_path):
    path = tmp_path / "model.keras"
    keras_model = save(decoder, path)
    depths = sorted(keras_model._nodes_by_depth, reverse=True)
    theirs = [node.operation.name for depth in depths for node in keras_model._nodes_by_depth[depth]]
    ours = [node.layer for node in load_model(path).spec.nodes]
    assert ours == [name for name in theirs if name in ours]


@pytest.mark.keras
def test_a_graph_for_keras_has_the_inputs_apart_again(tmp_path):
    import keras

    from scratchnn.keras_files import modern_config

    path = tmp_path / "model.keras"
    save(cross, path)
    config = json.loads(json.dumps(modern_config(load_model(path).spec)))
    built = keras.saving.deserialize_keras_object(config)
    assert [tuple(output.shape) for output in built.outputs] == [(None, 5, 6), (None, 5, 4)]


def arguments(args, version="3.15.0", **kwargs):
    def written(value):
        config = {"keras_history": list(value)} if isinstance(value, TensorRef) else None
        return value if config is None else {"class_name": "__keras_tensor__", "config": config}

    node = {"args": list(map(written, args)), "kwargs": {key: written(value) for key, value in kwargs.items()}}
    return call_arguments(LayerSpec("MultiHeadAttention", "attention", {}, keras_version=int(version[0])), node)


@pytest.mark.parametrize("args", [(X, Y, Z), (X, Y), (X,), ()])
def test_inputs_by_position_and_by_name_are_one_list(args):
    named = dict(list({"query": X, "value": Y, "key": Z}.items())[len(args) :])
    assert arguments(args, **named) == (([X, Y, Z],), {})


def test_what_stands_behind_the_inputs_is_named():
    given = arguments((X, Y, None, None, None, None, Z, True, False, True))
    assert given == (([X, Y],), {"attention_mask": Z, "return_attention_scores": True, "use_causal_mask": True})


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "match"),
    [
        ((X, Y), {"version": "2.15.0"}, UnsupportedError, "another meaning in Keras 2"),
        ((X, Y), {"query_mask": Z}, UnsupportedError, "called with query_mask"),
        ((X, Y), {"value_mask": Z}, UnsupportedError, "called with value_mask"),
        ((X, Y, None, None, None, Z), {}, UnsupportedError, "called with key_mask"),
        ((X, Y), {"use_causal_mask": 1}, UnsupportedError, "true or false"),
        ((X, Y), {"return_attention_scores": "no"}, UnsupportedError, "true or false"),
        ((X, Y), {"attention_mask": [[True]]}, UnsupportedError, "a tensor for attention_mask"),
        ((X,), {}, ConfigError, "tensors query and value"),
        ((X,), {"key": Z}, ConfigError, "tensors query and value"),
        (([X, Y],), {}, ConfigError, "tensors query and value"),
        ((X, Y), {"value": Z}, ConfigError, "once at most"),
        ((X,) * 11, {}, ConfigError, "once at most"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(args, kwargs, error, match):
    with pytest.raises(error, match=match):
        arguments(args, **kwargs)


def test_calls_that_no_output_needs_stay_behind():
    calls = [NodeSpec("a", 0, (TensorRef("in", 0, 0),), {}), NodeSpec("b", 0, (TensorRef("a", 0, 0),), {})]
    assert keras_order(calls, [TensorRef("a", 0, 0)]) == tuple(calls)
    unused = NodeSpec("c", 0, (TensorRef("in", 0, 0),), {})
    assert keras_order([unused, *calls], [TensorRef("b", 0, 0)]) == (*calls, unused)
