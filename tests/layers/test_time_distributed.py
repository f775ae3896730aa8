"""TimeDistributed against Keras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn.agreement import check_call
from scratchnn.errors import ConfigError, InputError, UnsupportedError
from scratchnn.layers import build_layer
from scratchnn.spec import LayerSpec, Weight
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.checks import built, call
from tests.support.geometry import activations, sizes, windows
from tests.support.oracle import keras_layer, scratch_layer, to_numpy


def serialized(class_name, **config):
    return {"class_name": class_name, "module": "keras.layers", "registered_name": None, "config": config}


@st.composite
def time_distributed(draw):
    batch, time = draw(sizes(3)), draw(sizes(3))
    kind = draw(st.sampled_from(["Dense", "Conv2D", "BatchNormalization", "Flatten", "LSTM", "MaxPooling1D"]))
    if kind == "Dense":
        inner = {"units": draw(sizes(4)), "activation": draw(activations())}
        shape = tuple(draw(sizes(4)) for _ in range(draw(st.integers(1, 3))))
    elif kind == "Conv2D":
        spatial, kernel, options = draw(windows(2, largest=2))
        inner, shape = options | {"filters": draw(sizes(2)), "kernel_size": kernel}, (*spatial, draw(sizes(2)))
    elif kind == "MaxPooling1D":
        spatial, pool, options = draw(windows(1, dilate=False))
        inner, shape = options | {"pool_size": pool}, (*spatial, draw(sizes(2)))
    elif kind == "LSTM":
        inner = {"units": draw(sizes(3)), "return_sequences": draw(st.booleans())}
        shape = draw(sizes(3)), draw(sizes(3))
    else:
        inner, shape = {}, tuple(draw(sizes(4)) for _ in range(draw(st.integers(1, 3))))
    return (batch, time, *shape), {"layer": serialized(kind, **inner)}


def inner_class(run):
    return run.case.options["layer"]["class_name"]


TestTimeDistributed = layer_tests(
    Entry(
        "TimeDistributed",
        time_distributed(),
        example=Case("TimeDistributed", (2, 3, 4), {"layer": serialized("Dense", units=5)}),
        branches={
            "several steps": (lambda run: run.case.shape[1] > 1, 0.3),
            "an inner recurrent layer": (lambda run: inner_class(run) == "LSTM", 0.05),
            "an inner convolution": (lambda run: inner_class(run) == "Conv2D", 0.05),
            "an inner layer with statistics": (lambda run: inner_class(run) == "BatchNormalization", 0.05),
        },
        refusals=[
            bad_config("layer.*expected a serialized layer", ConfigError, layer="Dense"),
            bad_config("no layer 'Sparse'", UnsupportedError, layer=serialized("Sparse")),
            bad_config("custom", UnsupportedError, layer={**serialized("Dense", units=1), "module": "builtins"}),
            bad_config("options.*made_up", UnsupportedError, layer=serialized("Flatten", made_up=1)),
            bad_config("dtype.*float32 of the layer around", UnsupportedError,
                       layer=serialized("Dense", units=5, dtype="float64")),
            bad_input("rank 2", "rank 3 or more", np.ones((2, 4), np.float32), InputError),
        ],
        cost=2,
    )
)  # fmt: skip


@given(seed=st.integers(0, 1000), kept=st.sampled_from([0.0, 0.5, 1.0]), sequences=st.booleans())
def test_an_inner_layer_gets_the_mask_of_each_step(seed, kept, sequences):
    """A mask (batch, time, inner time), as Embedding gives it for texts in texts."""
    options = {"layer": serialized("LSTM", units=3, return_sequences=sequences)}
    case = Case("TimeDistributed", (2, 3, 4, 2), options, seed=seed)
    mask = np.random.default_rng(seed).random((2, 3, 4)) < kept
    keras, keras64 = keras_layer(case), keras_layer(case, "float64")
    x = case.inputs()
    result = check_call(
        scratch_layer(keras, case),
        (x,),
        {},
        mask,
        to_numpy(keras(x, mask=mask)),
        reference64=to_numpy(keras64(x.astype(np.float64), mask=mask)),
    )
    assert result.agrees, result.reason


def test_a_stateful_inner_layer_is_refused():
    config = {"layer": serialized("LSTM", units=3, stateful=True)}
    weights = built(Case("LSTM", (1, 2, 3), {"units": 3})).get_weights()
    spec = LayerSpec("TimeDistributed", "td", config, tuple(Weight(str(n), w) for n, w in enumerate(weights)))
    with pytest.raises(UnsupportedError, match="stateful"):
        build_layer(spec, (None, 4, 2, 3))


@given(seed=st.integers(0, 1000))
def test_each_step_is_a_sample_of_its_own(seed):
    case = Case("TimeDistributed", (2, 3, 4), {"layer": serialized("Dense", units=5)}, "integer", seed)
    layer, x = built(case), case.inputs()
    whole = call(layer, case)
    for t in range(3):
        np.testing.assert_array_equal(layer.layer.forward(x[:, t]), whole[:, t])


@pytest.mark.parametrize("shape", [(2, 4, 4), (3, 3, 4), (2,)])
def test_a_mask_of_another_shape_is_refused(shape):
    layer = built(Case("TimeDistributed", (2, 3, 4, 2), {"layer": serialized("LSTM", units=3)}))
    with pytest.raises(InputError, match=r"mask: expected shape \(2, 3\) in front"):
        layer.forward(np.ones((2, 3, 4, 2)), mask=np.ones(shape, bool))
