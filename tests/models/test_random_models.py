"""Models drawn as a whole, saved by Keras, and verified: layers on Keras's own inputs, and the outputs of both."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.verify import verify
from tests.support import oracle, strength
from tests.support.architectures import Architecture, cnns, recurrent_models
from tests.support.checks import EXAMPLES, same_bits

FAMILIES = {"CNN": cnns(), "SimpleRNN": recurrent_models("SimpleRNN"), "LSTM": recurrent_models("LSTM")}
FEW = settings(max_examples=max(3, EXAMPLES // 16))


def assert_agrees(path: Path, inputs: np.ndarray, calls: int, what: object) -> None:
    """Every call of a layer agrees, and so do the outputs."""
    result = verify(path, inputs=inputs)
    assert result.error is None, f"{what!r}: {result.error}"
    assert len(result.layers) == calls
    for layer in result.layers:
        assert layer.agreement.agrees, f"{what!r}: {layer.name}: {layer.agreement.reason}"
    for output in result.outputs:
        assert output.agrees, f"{what!r}: {output}"


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_layer_by_layer_after_a_file(family, suffix, tmp_path):
    @given(architecture=FAMILIES[family])
    @FEW
    def check(architecture: Architecture):
        with strength.example(f"a whole {family}"):
            path = architecture.save(tmp_path, suffix)
            assert_agrees(path, architecture.inputs(), len(architecture.layers), architecture)

    check()


# Functions that magnify what was rounded before them, leave little of it, choose, or reduce.
OPERATIONS = {
    **{name: {} for name in ("exp", "sin", "square", "gelu", "softplus", "log_softmax", "tanh_shrink", "expm1")},
    **{"floor": {}, "round": {"decimals": 2}, "sort": {"axis": -1}, "cumsum": {"axis": -1}, "normalize": {}},
    **{name: {"axis": -1, "keepdims": True} for name in ("mean", "std", "var", "logsumexp", "max")},
    **{"add": {"x2": 100.0}, "multiply": {"x2": 1000.0}, "maximum": {"x2": 0.3}, "dense": {}, "normalization": {}},
}


@given(names=st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=5), seed=st.integers(0, 10**6))
@FEW
def test_chains_of_operations_agree(tmp_path_factory, names, seed):
    keras = oracle.keras_module()
    oracle.clear_now_and_then()
    keras.utils.set_random_seed(seed)
    x = y = keras.Input((6,))
    layers = {
        "dense": lambda t: keras.layers.Dense(6)(t),
        "normalization": lambda t: keras.layers.LayerNormalization()(t),
    }
    with strength.example("a chain of operations"):
        for name in names:
            y = layers[name](y) if name in layers else getattr(keras.ops, name)(y, **OPERATIONS[name])
        path = tmp_path_factory.mktemp("model") / "model.keras"
        keras.Model(x, y).save(path)
        inputs = np.random.default_rng(seed).standard_normal((1 + seed % 8, 6), dtype=np.float32)
        assert_agrees(path, inputs, len(names), names)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_alone_go_into_a_model_of_the_same_architecture(family, tmp_path):
    """All formats give the same bits, whatever the weights were before."""

    @given(architecture=FAMILIES[family], other=st.integers(0, 10**6))
    @FEW
    def check(architecture: Architecture, other: int):
        with strength.example(f"a whole {family}"):
            twin = Architecture(architecture.input_shape, architecture.layers, other, architecture.ids)
            whole = load_model(architecture.save(tmp_path, ".h5"))
            weights = architecture.save(tmp_path, ".weights.h5")
            model = load_model(twin.save(tmp_path, ".keras"))
            model.load_weights(weights)
            x = architecture.inputs()
            assert same_bits(model.forward(x), whole.forward(x)), f"{architecture!r}"

    check()


@given(architecture=cnns())
@FEW
def test_all_samples_are_in_predict_whatever_the_batch_size(tmp_path_factory, architecture):
    path = architecture.save(tmp_path_factory.mktemp("model"), ".keras")
    x = architecture.inputs(batch=5)
    model = load_model(path)
    assert [len(model.predict(x, batch_size=size)) for size in (1, 2, 5, 64)] == [5] * 4
    assert np.shape(model.predict(x)) == np.shape(model.forward(x))
