"""The report's experiments as one table: to add a variation, add a line to `ROWS`.

A variation is its settings; its name is made from them. So a baseline that several experiments
share is one variation with one name, and is trained once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from scratchnn.datasets import DatasetName
from scratchnn.errors import UnknownNameError

_REPORT_DROPOUT = 0.5
FOLDS = 5

Family = Literal["cnn", "rnn", "lstm"]


@dataclass(frozen=True)
class Convolutional:
    """Blocks of [Conv2D same relu, 2x2 pooling], Flatten, Dense relu, Dropout, Dense softmax.

    Attributes:
        filters: of each block.
        convolutions: of each block; () means one each.
        batch_norm: BatchNormalization between each convolution and its relu.
        dense_units: of the hidden Dense; 0 means there is none.
        dropout: before the last Dense.
        l2: weight of the L2 penalty on every kernel.
    """

    filters: tuple[int, ...]
    kernel_size: int = 3
    pooling: Literal["max", "average"] = "max"
    dense_units: int = 128
    dropout: float = 0.5
    convolutions: tuple[int, ...] = ()
    batch_norm: bool = False
    l2: float = 0.0

    @property
    def name(self) -> str:
        """For example cnn_32_64_k3_max."""
        name = f"cnn_{'_'.join(map(str, self.filters))}_k{self.kernel_size}_{self.pooling}"
        return name + _regularization(self)


@dataclass(frozen=True)
class Recurrent:
    """Embedding, equal recurrent layers (all but the last return sequences), Dropout, Dense softmax.

    Attributes:
        mask_zero: the padding is masked.
        dropout: before the Dense.
        embedding_dropout: behind the Embedding; 0 means no such layer.
        word_dropout: the same, of whole words.
        l2: weight of the L2 penalty on every kernel (not on the recurrent kernels).
        pooling: what the Dense gets: the last state, or the average over the words' states.
        lsa_scale: the words' vectors begin as latent semantic analysis of the fitted texts has them, with
            this standard deviation; 0 means at random, as is Keras's default.
    """

    cell: Literal["rnn", "lstm"]
    layers: int
    units: int
    bidirectional: bool
    mask_zero: bool = False
    embedding_dim: int = 128
    dropout: float = 0.5
    embedding_dropout: float = 0.0
    l2: float = 0.0
    pooling: Literal["last", "average"] = "last"
    word_dropout: float = 0.0
    lsa_scale: float = 0.0

    @property
    def name(self) -> str:
        """For example lstm_1x64_both, or lstm_1x64_both_mask with mask_zero."""
        direction = "both" if self.bidirectional else "one"
        name = f"{self.cell}_{self.layers}x{self.units}_{direction}" + ("_mask" if self.mask_zero else "")
        return name + _regularization(self)


Architecture = Convolutional | Recurrent


def _regularization(architecture: Architecture) -> str:
    """Return what a name says of dropout and L2 where they are not the report's."""
    parts = [f"_dropout{round(100 * architecture.dropout)}"] * (architecture.dropout != _REPORT_DROPOUT)
    return "".join([*parts, *(["_l2"] * (architecture.l2 > 0))])


@dataclass(frozen=True)
class Training:
    """How a model is fitted, by sparse categorical cross-entropy.

    Attributes:
        epochs: the most that are trained.
        batch_size: rows a step.
        learning_rate: at the start.
        optimizer: by Keras's name.
        cosine: the learning rate falls to 0 over all epochs along a half cosine.
        patience: stop when the validation loss has not fallen for so many epochs, and take the
            weights of its best epoch (early stopping); None means train all epochs.
        augment: each training image is mirrored half the time and shifted by up to 4 pixels.
        max_rows: of each split; None means all.
        hidden_words: this share of the words is made the unknown token, others in each epoch: its vector
            is learnt so, and a fifth of the words of new texts are unknown.
        fit_on: the rows that are fitted. With "train+validation" none are left to validate on.
        fold: of the fitted rows cut in `FOLDS`, this part is held out and validates.
    """

    epochs: int
    batch_size: int
    learning_rate: float = 0.001
    max_rows: int | None = None
    optimizer: Literal["adam", "rmsprop", "nadam"] = "adam"
    cosine: bool = False
    patience: int | None = None
    augment: bool = False
    hidden_words: float = 0.0
    fit_on: Literal["train", "train+validation"] = "train"
    fold: int | None = None

    @property
    def suffix(self) -> str:
        """What a name says of training where it is not the report's."""
        return "_stop" * (self.patience is not None) + "_augmented" * self.augment


CNN_TRAINING = Training(epochs=2, batch_size=32)
RECURRENT_TRAINING = Training(epochs=15, batch_size=50)


@dataclass(frozen=True)
class Variation:
    """One model that can be trained.

    Attributes:
        architecture: of the model.
        training: how it is fitted.
        tag: replaces the made-up name.
        trial: a search proposes it, so it is never scored on the test split.
    """

    architecture: Architecture
    training: Training
    tag: str = ""
    trial: bool = False

    @property
    def name(self) -> str:
        """The folder name of its runs and of its golden."""
        return self.tag or self.architecture.name + self.training.suffix

    @property
    def family(self) -> Family:
        """Which of the report's three kinds of model it is."""
        return "cnn" if isinstance(self.architecture, Convolutional) else self.architecture.cell

    @property
    def dataset(self) -> DatasetName:
        """The data set it is trained on."""
        return "cifar10" if isinstance(self.architecture, Convolutional) else "nusax"

    def settings(self) -> dict[str, Any]:
        """Return every setting as plain values for JSON."""
        plain = {"family": self.family, "dataset": self.dataset, **dataclasses.asdict(self)}
        return dict(json.loads(json.dumps(plain)))

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the settings that are not at their defaults.

        Defaults do not count so that a new setting, added with the default that changes nothing,
        leaves the runs of before valid.
        """
        parts = [self.family, _non_default(self.architecture), _non_default(self.training)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _non_default(settings: Architecture | Training) -> dict[str, Any]:
    fields = dataclasses.fields(settings)
    return {f.name: getattr(settings, f.name) for f in fields if getattr(settings, f.name) != f.default}


@dataclass(frozen=True)
class Row:
    """One line of one experiment: what varies, the model, and the report's test macro-F1."""

    experiment: str
    label: str
    variation: Variation
    report_macro_f1: float


def _cnn(*filters: int, kernel_size: int = 3, pooling: Literal["max", "average"] = "max") -> Variation:
    return Variation(Convolutional(filters, kernel_size, pooling), CNN_TRAINING)


def _rnn(layers: int = 5, units: int = 32, *, both: bool = False) -> Variation:
    return Variation(Recurrent("rnn", layers, units, both), RECURRENT_TRAINING)


def _lstm(layers: int = 1, units: int = 64, *, both: bool = True) -> Variation:
    return Variation(Recurrent("lstm", layers, units, both), RECURRENT_TRAINING)


ROWS: tuple[Row, ...] = (
    Row("CNN depth", "32", _cnn(32), 0.529),
    Row("CNN depth", "32-64", _cnn(32, 64), 0.567),
    Row("CNN depth", "32-64-128", _cnn(32, 64, 128), 0.605),
    Row("CNN filters", "16-32", _cnn(16, 32), 0.563),
    Row("CNN filters", "32-64", _cnn(32, 64), 0.593),
    Row("CNN filters", "64-128", _cnn(64, 128), 0.593),
    Row("CNN kernel", "3x3", _cnn(32, 64), 0.614),
    Row("CNN kernel", "5x5", _cnn(32, 64, kernel_size=5), 0.566),
    Row("CNN kernel", "7x7", _cnn(32, 64, kernel_size=7), 0.551),
    Row("CNN pooling", "max", _cnn(32, 64), 0.585),
    Row("CNN pooling", "average", _cnn(32, 64, pooling="average"), 0.555),
    Row("RNN depth", "5 layers", _rnn(5), 0.328),
    Row("RNN depth", "6 layers", _rnn(6), 0.339),
    Row("RNN depth", "7 layers", _rnn(7), 0.352),
    Row("RNN units", "32", _rnn(units=32), 0.284),
    Row("RNN units", "64", _rnn(units=64), 0.184),
    Row("RNN units", "128", _rnn(units=128), 0.183),
    Row("RNN direction", "one", _rnn(both=False), 0.350),
    Row("RNN direction", "both", _rnn(both=True), 0.490),
    Row("LSTM depth", "1 layer", _lstm(1), 0.735),
    Row("LSTM depth", "2 layers", _lstm(2), 0.715),
    Row("LSTM depth", "3 layers", _lstm(3), 0.675),
    Row("LSTM units", "32", _lstm(units=32), 0.760),
    Row("LSTM units", "64", _lstm(units=64), 0.718),
    Row("LSTM units", "128", _lstm(units=128), 0.742),
    Row("LSTM direction", "one", _lstm(both=False), 0.183),
    Row("LSTM direction", "both", _lstm(both=True), 0.732),
)


# Learning rate, optimizer and batch size: the first of `python -m training_jobs search cnn --trials 6`,
# by the validation loss.
CNN_BEST = Variation(
    Convolutional((32, 64, 128), convolutions=(1, 2, 2), batch_norm=True, dense_units=0, dropout=0.3),
    Training(epochs=9, batch_size=64, learning_rate=0.002, optimizer="nadam", cosine=True, augment=True),
    tag="cnn_best",
)

# From an earlier search over a wider space, by the validation loss of one seed.
RNN_BEST = Variation(
    Recurrent(
        "rnn", 1, 32, True,
        mask_zero=True, embedding_dim=256, embedding_dropout=0.3, l2=0.0001, pooling="average",
    ),
    Training(epochs=30, batch_size=32, learning_rate=0.0032, optimizer="rmsprop", patience=4),
    tag="rnn_best",
)  # fmt: skip
# The best proposal of `python -m training_jobs search lstm`, by the macro-F1 of five folds.
LSTM_BEST = Variation(
    Recurrent("lstm", 1, 16, True, mask_zero=True, embedding_dim=128, l2=0.0001, pooling="average", lsa_scale=0.6),
    Training(
        epochs=12, batch_size=64, learning_rate=0.006, cosine=True, hidden_words=0.2, fit_on="train+validation",
    ),
    tag="lstm_best",
)  # fmt: skip

BEST: tuple[Variation, ...] = (CNN_BEST, RNN_BEST, LSTM_BEST)


def masked(variation: Variation) -> Variation:
    """Return the variation with `mask_zero=True`; only recurrent models have padding to mask."""
    if isinstance(variation.architecture, Convolutional):
        raise UnknownNameError(f"{variation.name}: mask_zero is expected of recurrent models only")
    architecture = dataclasses.replace(variation.architecture, mask_zero=True)
    return dataclasses.replace(variation, architecture=architecture)


def variations() -> dict[str, Variation]:
    """Return every variation by name, shared baselines once, in the order of the table.

    The report's come first, then the recurrent ones again with masked padding, then the best.
    """
    report = [row.variation for row in ROWS]
    recurrent = [masked(variation) for variation in report if variation.family != "cnn"]
    return {variation.name: variation for variation in (*report, *recurrent, *BEST)}


def report_variations() -> dict[str, Variation]:
    """Return the report's own variations by name, shared baselines once."""
    return {row.variation.name: row.variation for row in ROWS}


def find(names: Iterable[str]) -> list[Variation]:
    """Return the variations of these names, in this order, each once.

    Raises:
        UnknownNameError: a name is not in the table; the message lists those that are.
    """
    known = variations()
    unique = list(dict.fromkeys(names))
    unknown = [name for name in unique if name not in known]
    if unknown:
        raise UnknownNameError(f"unknown: {', '.join(unknown)}; expected names of: {', '.join(known)}")
    return [known[name] for name in unique]
