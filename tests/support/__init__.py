"""What the parity tests share: cases drawn by Hypothesis, the Keras oracle, and the checks over every layer."""

from .case import Case
from .checks import layer_tests
from .entry import ENTRIES, Entry, bad_config, bad_input, bad_weights

__all__ = ["ENTRIES", "Case", "Entry", "bad_config", "bad_input", "bad_weights", "layer_tests"]
