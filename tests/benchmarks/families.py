"""The models of the report, with random weights: speed does not depend on what was learned."""

from dataclasses import dataclass
from typing import Any

import numpy as np

VOCABULARY, LENGTH, CLASSES = 2836, 100, 3


@dataclass(frozen=True)
class Family:
    """One model.

    Attributes:
        name: as the experiments of the report name it.
        kind: 'cnn', 'rnn' or 'lstm'.
        units: filters of each convolution, or units of each recurrent layer.
        kernel, pool: of a CNN.
        both: whether recurrent layers read in both directions.
        size: side of the image, or length of the sequence.
    """

    name: str
    kind: str
    units: tuple[int, ...]
    kernel: int = 3
    pool: str = "max"
    both: bool = False
    size: int = 0

    @property
    def length(self) -> int:
        """Side of the image, or length of the sequence."""
        return self.size or (32 if self.kind == "cnn" else LENGTH)

    def input(self, batch: int) -> np.ndarray:
        """Random images in [0, 1), or random ids."""
        rng = np.random.default_rng(0)
        if self.kind == "cnn":
            return rng.random((batch, self.length, self.length, 3), dtype=np.float32)
        return rng.integers(0, VOCABULARY, (batch, self.length)).astype(np.int32)

    def multiplications(self) -> int:
        """Multiplications of one sample, the Embedding's table not counted as any."""
        total, size, features = 0, self.length, 3 if self.kind == "cnn" else 128
        for units in self.units:
            if self.kind == "cnn":
                total += size * size * self.kernel**2 * features * units
                size, features = size // 2, units
            else:
                gates, ways = (4 if self.kind == "lstm" else 1), (2 if self.both else 1)
                total += size * gates * ways * units * (features + units)
                features = ways * units
        if self.kind != "cnn":
            return total + features * CLASSES
        return total + size * size * features * 128 + 128 * 10

    def keras_model(self) -> Any:
        """The model, in Keras."""
        import keras

        keras.utils.set_random_seed(0)
        layers = keras.layers
        if self.kind == "cnn":
            stack: list[Any] = [keras.Input((self.length, self.length, 3))]
            pool = layers.MaxPooling2D if self.pool == "max" else layers.AveragePooling2D
            for filters in self.units:
                stack += [layers.Conv2D(filters, self.kernel, padding="same", activation="relu"), pool(2)]
            stack += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5)]
            return keras.Sequential([*stack, layers.Dense(10, activation="softmax")])
        stack = [keras.Input((self.length,), dtype="int32"), layers.Embedding(VOCABULARY, 128)]
        layer = layers.LSTM if self.kind == "lstm" else layers.SimpleRNN
        for place, units in enumerate(self.units):
            one = layer(units, return_sequences=place < len(self.units) - 1)
            stack.append(layers.Bidirectional(one) if self.both else one)
        return keras.Sequential([*stack, layers.Dropout(0.5), layers.Dense(CLASSES, activation="softmax")])


REPORT = (
    Family("CNN 32", "cnn", (32,)),
    Family("CNN 32-64", "cnn", (32, 64)),
    Family("CNN 32-64-128", "cnn", (32, 64, 128)),
    Family("CNN 16-32", "cnn", (16, 32)),
    Family("CNN 16-32 average", "cnn", (16, 32), pool="average"),
    Family("CNN 64-128", "cnn", (64, 128)),
    Family("CNN 32-64 5x5", "cnn", (32, 64), kernel=5),
    Family("CNN 32-64 7x7", "cnn", (32, 64), kernel=7),
    Family("CNN 64-128 7x7 average", "cnn", (64, 128), kernel=7, pool="average"),
    Family("RNN 5x32", "rnn", (32,) * 5),
    Family("RNN 7x32", "rnn", (32,) * 7),
    Family("RNN 5x64", "rnn", (64,) * 5),
    Family("RNN 5x128", "rnn", (128,) * 5),
    Family("BiRNN 5x32", "rnn", (32,) * 5, both=True),
    Family("BiRNN 5x64", "rnn", (64,) * 5, both=True),
    Family("LSTM 64", "lstm", (64,)),
    Family("BiLSTM 32", "lstm", (32,), both=True),
    Family("BiLSTM 64", "lstm", (64,), both=True),
    Family("BiLSTM 128", "lstm", (128,), both=True),
    Family("BiLSTM 2x64", "lstm", (64, 64), both=True),
    Family("BiLSTM 3x64", "lstm", (64,) * 3, both=True),
)
