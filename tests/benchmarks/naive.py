"""The layers in plain loops, as they are written first; one sample is enough to see the price."""

from typing import Any

import numpy as np


def run_naively(model: Any, x: np.ndarray) -> np.ndarray:
    """The model's output, each sample by itself."""
    return np.stack([_sample(model, one) for one in x])


def _sample(model: Any, x: np.ndarray) -> np.ndarray:
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Conv2D":
            x = layer.activate(_convolve(x, layer.weights, layer.biases))
        elif kind.endswith("Pooling2D"):
            x = _pool(x, max if kind.startswith("Max") else lambda values: sum(values) / 4)
        elif kind == "Embedding":
            x = np.array([layer.W[token] for token in x])
        elif kind != "Dropout":
            x = layer.forward(x[None])[0]
    return x


def _convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """'same' padding, six loops (the report's first version)."""
    height, width, channels = x.shape
    taps, filters = kernel.shape[0], kernel.shape[-1]
    padded = np.pad(x, [(taps // 2, taps // 2)] * 2 + [(0, 0)])
    out = np.empty((height, width, filters), x.dtype)
    for row in range(height):
        for column in range(width):
            for filter_ in range(filters):
                total = float(bias[filter_])
                for i in range(taps):
                    for j in range(taps):
                        for channel in range(channels):
                            total += padded[row + i, column + j, channel] * kernel[i, j, channel, filter_]
                out[row, column, filter_] = total
    return out


def _pool(x: np.ndarray, choose: Any) -> np.ndarray:
    height, width, channels = x.shape
    out = np.empty((height // 2, width // 2, channels), x.dtype)
    for row in range(height // 2):
        for column in range(width // 2):
            for channel in range(channels):
                window = x[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel]
                out[row, column, channel] = choose(window.ravel().tolist())
    return out
