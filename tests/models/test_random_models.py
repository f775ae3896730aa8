"""Sequential models drawn as a whole, saved by Keras, loaded from a file; layers judged on Keras's own inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.oracle import KerasModel
from scratchnn.verify import compare_layers
from tests.support import strength
from tests.support.architectures import Architecture, cnns, recurrent_models
from tests.support.checks import EXAMPLES, same_bits

FAMILIES = {"CNN": cnns(), "SimpleRNN": recurrent_models("SimpleRNN"), "LSTM": recurrent_models("LSTM")}
FEW = settings(max_examples=max(3, EXAMPLES // 16))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_layer_by_layer_after_a_file(family, suffix, tmp_path):
    @given(architecture=FAMILIES[family])
    @FEW
    def check(architecture: Architecture):
        with strength.example(f"a whole {family}"):
            path = architecture.save(tmp_path, suffix)
            model = load_model(path)
            keras_model = KerasModel(path, model.spec)
            results = compare_layers(model, keras_model, architecture.inputs(), lambda what, share: None)
            assert len(results) == len(architecture.layers)
            for result in results:
                assert result.agreement.agrees, f"{architecture!r}: {result.name}: {result.agreement.reason}"

    check()


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
