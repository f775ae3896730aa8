"""`import scratchnn` needs numpy and h5py only, and nothing of Keras."""

import subprocess
import sys

HEAVY = ("tensorflow", "keras", "sklearn", "rich", "torch", "jax")


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_import_loads_nothing_heavy():
    loaded = run(f"import sys, scratchnn; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded == "[]"


def test_the_command_line_loads_nothing_heavy_before_verify():
    loaded = run(f"import sys, scratchnn.cli; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded == "[]"


def test_the_reports_names_are_public():
    names = [
        *("Embedding", "Dropout", "Dense", "DenseLayer", "Conv2D", "Conv2DLayer", "Flatten", "FlattenLayer"),
        *("MaxPooling2D", "MaxPooling2DLayer", "AveragePooling2D", "AveragePooling2DLayer"),
        *("RNNCell", "RNN", "BiRNN", "LSTM", "BidirectionalLSTM"),
        *("CNNFromScratch", "SimpleRNNModel", "ManualLSTMModel", "load_model"),
    ]
    missing = run(f"import scratchnn; print([name for name in {names} if not hasattr(scratchnn, name)])")
    assert missing == "[]"
