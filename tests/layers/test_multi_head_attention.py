"""MultiHeadAttention against Keras."""

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.keras_files import spec_from_keras
from scratchnn.models.graph import Model
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built, call
from tests.support.entry import MASKS
from tests.support.geometry import sizes

X = np.ones((2, 3, 4), np.float32)


@st.composite
def attention(draw):
    batch, steps, keys = draw(sizes(3)), draw(sizes(5)), draw(sizes(5))
    heads, key_dim, value_dim = draw(sizes(3)), draw(sizes(5)), draw(st.none() | sizes(4))
    # Keras takes a bias with one size above 1 for one along another axis (docs/findings.md).
    assume(heads == 1 or (key_dim > 1 and value_dim != 1))
    shapes = [(batch, steps, draw(sizes(4))), (batch, keys, draw(sizes(4))), (batch, keys, draw(sizes(4)))]
    shapes = shapes[: draw(st.sampled_from([2, 3]))]
    options = {"num_heads": heads, "key_dim": key_dim, "use_bias": draw(st.sampled_from([True, True, False]))}
    options |= {} if value_dim is None else {"value_dim": value_dim}
    out = draw(st.none() | sizes(4) | st.tuples(st.integers(2, 4), st.integers(2, 3)))
    options |= {} if out is None else {"output_shape": out}
    options |= {"dropout": 0.5} if draw(st.integers(0, 3)) == 0 else {}
    flags = ("use_causal_mask", "return_attention_scores")
    called = {"arguments": {flag: True for flag in flags if draw(st.booleans())}}
    if draw(st.booleans()):
        called["mask"] = [draw(st.sampled_from(MASKS)) for _ in shapes]
    kind = draw(st.none() | st.sampled_from(MASKS))
    return shapes, options, called | ({} if kind is None else {"attention_mask": kind})


def flag(name):
    return lambda run: name in run.case.arguments()


def blocked(run):
    """Which steps may attend to nothing."""
    query, value, _ = run.scratch.inputs(run.case.inputs())
    named = {key: value for key, value in run.case.arguments().items() if key != "return_attention_scores"}
    allowed = run.scratch.allowed(query.shape, value.shape, run.case.mask(), **named)
    return np.zeros(1, bool) if allowed is None else ~allowed.any(axis=-1)


def shares(run):
    """The softmaxed scores."""
    arguments = {**run.case.arguments(), "return_attention_scores": True}
    with np.errstate(all="ignore"):
        return Model.call(run.scratch, (run.case.inputs(),), arguments, run.case.mask())[0][1]


TestMultiHeadAttention = layer_tests(
    Entry(
        "MultiHeadAttention",
        attention(),
        example=Case("MultiHeadAttention", [(2, 3, 4), (2, 5, 6)], {"num_heads": 2, "key_dim": 3}),
        branches={
            "masks of the inputs": (lambda run: any(m is not None for m in run.case.mask() or ()), 0.2),
            "attention mask": (flag("attention_mask"), 0.2),
            "causal": (flag("use_causal_mask"), 0.2),
            "scores": (flag("return_attention_scores"), 0.2),
            "several heads": (lambda run: run.case.options["num_heads"] > 1, 0.3),
            "more keys than steps": (lambda run: run.case.shape[0][1] < run.case.shape[1][1], 0.15),
            "keys of their own": (lambda run: len(run.case.shape) == 3, 0.2),
            "size of the values": (lambda run: "value_dim" in run.case.options, 0.2),
            "no bias": (lambda run: not run.case.options["use_bias"], 0.1),
            "shape of the output": (lambda run: "output_shape" in run.case.options, 0.2),
            "dropout": (lambda run: "dropout" in run.case.options, 0.08),
            "a step that may attend to nothing": (lambda run: blocked(run).any(), 0.1),
            "shares neither 0 nor 1": (lambda run: ((shares(run) > 0.01) & (shares(run) < 0.99)).any(), 0.15),
        },
        refusals=[
            bad_config("num_heads.*integer", ConfigError, num_heads=0),
            bad_config("key_dim", ConfigError, remove=["key_dim"]),
            bad_config("output_shape.*null or sizes", ConfigError, output_shape=[0]),
            bad_config("output_shape.*null or sizes", ConfigError, output_shape=[]),
            bad_config("attention_axes", UnsupportedError, attention_axes=[1, 2]),
            bad_config("use_gate", UnsupportedError, use_gate=True),
            bad_config("sliding_window", UnsupportedError, sliding_window=2),
            bad_config("dropout.*number", ConfigError, dropout=1.5),
            bad_input("one array", "list of query and value", X),
            bad_input("one input", "2 or 3 inputs", [X]),
            bad_input("images", "rank 3", [X[None], X[None]]),
            bad_input("other features", "expected 6", [X, X]),
            bad_input("batches that differ", "as many samples", [X, np.ones((3, 5, 6), np.float32)]),
            bad_input(
                "a mask of another size",
                "expected masks for 3 steps and 5 keys of 2 samples",
                [X, np.ones((2, 5, 6), np.float32)],
                attention_mask=np.ones((2, 3, 4), bool),
            ),
            bad_input(
                "a mask of the values of another size",
                "expected masks for 3 steps and 5 keys",
                [X, np.ones((2, 5, 6), np.float32)],
                mask=[None, np.ones((2, 4), bool)],
            ),
        ],
        # Keras leaves the scores out.
        shape_of_keras=lambda case: "return_attention_scores" not in case.arguments(),
        cost=1.5,
    )
)


def test_a_step_that_may_attend_to_nothing():
    """The mean of all values, or nothing where Keras forms the scores itself."""
    case = Case(
        "MultiHeadAttention",
        [(1, 2, 3), (1, 4, 3)],
        {"num_heads": 1, "key_dim": 2},
        call={"mask": [None, "nothing"]},
    )
    layer = built(case)
    values = layer.project_value(np.asarray(case.inputs()[1]))
    mean = layer.project_output(np.broadcast_to(values.mean(axis=1, keepdims=True), (1, 2, 1, 2)))
    np.testing.assert_allclose(call(layer, case), mean, rtol=1e-5)  # a few roundings of four terms
    layer.dropout = 0.1
    np.testing.assert_array_equal(call(layer, case), np.broadcast_to(layer.output_bias, (1, 2, 3)))


@pytest.mark.parametrize(
    ("shapes", "match"), [((2, 3, 4), "got one of shape"), ([(2, 3, 4)] * 4, "got 4"), ([(2, 3, 4)], "got 1")]
)
def test_what_is_said_of_a_wrong_number_of_inputs(shapes, match):
    layer = built(Case("MultiHeadAttention", [(1, 2, 3)] * 2, {"num_heads": 1, "key_dim": 2}))
    with pytest.raises(InputError, match=match):
        layer.output_shape(shapes)


def test_a_model_hands_over_the_mask_of_each_input():
    import keras

    x = keras.Input((4, 3))
    masked = keras.layers.Masking()(x)
    keras_model = keras.Model(x, keras.layers.MultiHeadAttention(2, 2)(x, masked))
    array = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    array[0, 1:] = array[1, :2] = 0
    model = Model(spec_from_keras(keras_model))
    ours, theirs = model.forward(array), keras_model(array)
    assert np.abs(model.layers[-1].forward([array, array]) - ours).max() > 1e-3  # the mask matters
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)  # some roundings of numbers around 1


def test_masked_scores_in_half_precision_are_finite():
    """Of the values that may not be attended to the share is 0, of those that may it is their mean."""
    case = Case("MultiHeadAttention", [(1, 2, 3), (1, 4, 3)], {"num_heads": 1, "key_dim": 2})
    layer = built(case).astype(np.float16)
    x = [np.zeros((1, 2, 3), np.float16), np.zeros((1, 4, 3), np.float16)]
    mask = [None, np.array([[True, True, False, False]])]
    for dropout in (0.0, 0.1):
        layer.dropout = dropout
        _, shares = layer.forward(x, mask=mask, return_attention_scores=True)
        assert (shares.dtype, shares[0, 0, 0].tolist()) == (np.dtype(np.float16), [0.5, 0.5, 0, 0])
        assert np.isfinite(layer.forward(x, mask=mask)).all()


def test_training_with_dropout_is_refused():
    layer = built(Case("MultiHeadAttention", [(1, 2, 3)] * 2, {"num_heads": 1, "key_dim": 2, "dropout": 0.5}))
    with pytest.raises(UnsupportedError, match="inference only"):
        Model.call(layer, ([X, X],), {}, None, training=True)
