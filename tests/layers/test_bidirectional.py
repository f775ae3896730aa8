"""Bidirectional against Keras: over SimpleRNN and LSTM, with all merge modes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.errors import ConfigError, UnsupportedError
from scratchnn.layers.bidirectional import Bidirectional
from scratchnn.layers.simple_rnn import SimpleRNN
from scratchnn.verify import verify
from tests.support import Case, Entry, bad_config, bad_input, layer_tests
from tests.support.branches import recurrent_branches
from tests.support.checks import built, call
from tests.support.geometry import EXACT_ACTIVATIONS, recurrent

INNER = {"SimpleRNN": {"states": 1}, "LSTM": {"states": 2, "gated": True}}
MERGE_MODES = ("concat", "sum", "ave", "mul", None)


def serialized(class_name, config):
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


@st.composite
def bidirectional(draw):
    class_name = draw(st.sampled_from(sorted(INNER)))
    shape, inner, call = draw(recurrent(**INNER[class_name]))
    if call:
        count, units = call["states"]
        call = {"states": (2 * count, units)}
    options = {"layer": serialized(class_name, inner), "merge_mode": draw(st.sampled_from(MERGE_MODES))}
    if draw(st.booleans()):
        back = {**inner, "go_backwards": not inner["go_backwards"], "use_bias": draw(st.booleans())}
        options["backward_layer"] = serialized(class_name, back)
    else:
        inner["go_backwards"] = False  # Keras refuses anything else
    return shape, options, call


def inner_option(key):
    return lambda run: run.case.options["layer"]["config"][key]


def is_exact(case):
    configs = [
        case.options["layer"]["config"],
        case.options.get("backward_layer", case.options["layer"])["config"],
    ]
    activations = [
        config[key] for config in configs for key in ("activation", "recurrent_activation") if key in config
    ]
    return case.shape[1] < 3 and case.options["merge_mode"] != "mul" and {*activations} <= {*EXACT_ACTIVATIONS}


BRANCHES = {name: branch for name, branch in recurrent_branches().items() if name in ("mask", "non-zero state")}

TestBidirectional = layer_tests(
    Entry(
        "Bidirectional",
        bidirectional(),
        example=Case(
            "Bidirectional", (2, 3, 4), {"layer": serialized("LSTM", {"units": 3, "return_sequences": True})}
        ),
        exact=is_exact,
        masks=True,
        branches=BRANCHES
        | {
            "backwards": (inner_option("go_backwards"), 0.05),
            "sequences": (inner_option("return_sequences"), 0.2),
            "state returned": (inner_option("return_state"), 0.1),
            "LSTM": (lambda run: run.case.options["layer"]["class_name"] == "LSTM", 0.2),
            "another backward layer": (lambda run: "backward_layer" in run.case.options, 0.2),
        }
        | {
            f"merge {mode}": (lambda run, mode=mode: run.case.options["merge_mode"] == mode, 0.03)
            for mode in MERGE_MODES
        },
        inert=("return_sequences", "stateful"),
        refusals=[
            bad_config("merge_mode.*concat", UnsupportedError, merge_mode="stack"),
            bad_config("recurrent layer", UnsupportedError, layer=serialized("Flatten", {})),
            bad_config("serialized layer", ConfigError, layer="LSTM"),
            bad_config(
                "go_backwards",
                ConfigError,
                backward_layer=serialized("LSTM", {"units": 3, "return_sequences": True}),
            ),
            bad_config("made_up", UnsupportedError, layer=serialized("LSTM", {"units": 3, "made_up": 1})),
            bad_input("another feature size", "expected 4 along the last axis", np.ones((2, 3, 5), np.float32)),
            bad_input("rank 2", "rank 3", np.ones((2, 4), np.float32)),
        ],
        cost=3,
    )
)


@given(
    class_name=st.sampled_from(sorted(INNER)),
    sequences=st.booleans(),
    mask=st.sampled_from([None, "end", "random"]),
    seed=st.integers(0, 1000),
)
def test_is_its_two_halves(class_name, sequences, mask, seed):
    """The forward layer on the input, and the backward layer's outputs turned round, side by side."""
    inner = serialized(class_name, {"units": 3, "return_sequences": sequences})
    calling = {} if mask is None else {"mask": mask}
    case = Case("Bidirectional", (2, 4, 2), {"layer": inner}, seed=seed, call=calling)
    layer, x = built(case), case.inputs()
    ahead = layer.forward_layer.forward(x, mask=case.mask())
    back = layer.backward_layer.forward(x, mask=case.mask())
    back = back[:, ::-1] if sequences else back
    np.testing.assert_array_equal(call(layer, case), np.concatenate([ahead, back], axis=-1))


@given(seed=st.integers(0, 1000))
def test_reading_a_turned_sequence_swaps_the_halves(seed):
    case = Case("Bidirectional", (2, 4, 2), {"layer": serialized("SimpleRNN", {"units": 2})}, seed=seed)
    layer, x = built(case), case.inputs()
    twin = layer.astype(np.float32)
    ahead, back = layer.forward_layer.cell, layer.backward_layer.cell
    twin.forward_layer.set_weights(*back.get_weights())
    twin.backward_layer.set_weights(*ahead.get_weights())
    swapped = twin.forward(x[:, ::-1])
    np.testing.assert_array_equal(np.roll(swapped, 2, axis=-1), call(layer, case))


@pytest.mark.parametrize("merge_mode", MERGE_MODES)
@pytest.mark.parametrize(("sequences", "state"), [(False, True), (True, True), (True, False), (False, False)])
def test_there_is_a_mask_for_each_output(merge_mode, sequences, state):
    """Over a stack of three states too, which Keras's own loop cannot run."""
    cells = [serialized("LSTMCell", {"units": 3}), serialized("GRUCell", {"units": 2})]
    inner = {"cell": serialized("StackedRNNCells", {"cells": cells})}
    inner |= {"return_sequences": sequences, "return_state": state}
    options = {"layer": serialized("RNN", inner), "merge_mode": merge_mode}
    layer, mask = built(Case("Bidirectional", (2, 4, 3), options)), np.ones((2, 4), bool)
    shapes, masks = layer.output_shape((2, 4, 3)), layer.compute_mask(None, mask)
    if isinstance(shapes[0], int):
        assert masks is (mask if sequences else None)
    else:
        outputs = 2 if merge_mode is None else 1
        assert len(shapes) == len(masks) == outputs + 6 * state
        assert [one is mask for one in masks] == [sequences] * outputs + [False] * 6 * state


@pytest.mark.keras
@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("merge_mode", ["concat", None])
@pytest.mark.parametrize("classes", [("LSTM", "LSTM"), ("LSTM", "GRU")])
def test_directions_may_have_other_sizes(classes, merge_mode, state, tmp_path):
    """Keras tells twice the size of one: what takes another size behind it does not run there."""
    import keras

    if state and classes[0] != classes[1]:
        pytest.skip("Keras expects as many states in both directions")
    options = {"return_sequences": True, "return_state": state}
    ahead = getattr(keras.layers, classes[0])(3, **options)
    back = getattr(keras.layers, classes[1])(5, go_backwards=True, **options)
    x = keras.Input((4, 2))
    outputs = keras.layers.Bidirectional(ahead, backward_layer=back, merge_mode=merge_mode)(x)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    model = keras.Model(x, [*outputs, keras.ops.relu(outputs[0])])
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    given = np.ones((3, 4, 2), np.float32)
    assert [shape[1:] for shape in loaded.output_shapes] == [
        np.shape(y)[1:] for y in model.predict_on_batch(given)
    ]
    assert [shape[1:] for shape in loaded.output_shapes] == [np.shape(y)[1:] for y in loaded.predict(given)]
    assert verify(tmp_path / "model.keras").agrees


@pytest.mark.parametrize("merge_mode", ["sum", "ave", "mul"])
def test_directions_of_other_sizes_cannot_be_added(merge_mode):
    ahead = SimpleRNN(2, 3, return_sequences=True)
    back = SimpleRNN(2, 5, return_sequences=True, go_backwards=True)
    with pytest.raises(ConfigError, match="merge_mode: expected as many units in both directions"):
        Bidirectional(ahead, back, merge_mode=merge_mode)
