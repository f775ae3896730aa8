"""No false alarm: fresh Keras layers against scratchnn, in every data regime."""

import numpy as np
import pytest

from . import random_calls

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore:You are using a softmax over axis")]

COUNT = 12  # seeds of each layer; twice every regime


@pytest.mark.parametrize("name", sorted(random_calls.CASES))
def test_keras_and_scratchnn_agree(name):
    wrong = random_calls.run_harness([name], COUNT)
    assert not wrong, "\n".join(f"{regime}, seed {seed}: {result}" for _, regime, seed, result in wrong)


def test_the_generator_is_a_function_of_its_seed():
    first, again = (random_calls.draw_call("Dense", np.random.default_rng(5), "normal") for _ in range(2))
    assert np.array_equal(first.args[0], again.args[0])
    assert all(map(np.array_equal, first.keras_layer.get_weights(), again.keras_layer.get_weights()))
