"""The report's LSTM model."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..keras_files import read_layer_weights
from ..layers.base import Array
from ..layers.bidirectional import BidirectionalLSTM
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.lstm import LSTM
from ..spec import LayerSpec
from .rnn import set_all


class ManualLSTMModel:
    """Embedding, LSTM layers, Dropout, Dense with softmax on the final hidden state.

    Args:
        vocab_size: number of token ids.
        embedding_dim: size of a token's vector.
        lstm_units: units of each LSTM, in one direction.
        dropout_rate: of the Dropout layer.
        num_classes: number of classes.
        num_layers: number of LSTM layers; all but the last return every step.
        bidirectional: whether they read in both directions.

    Attributes:
        embedding, dropout, dense: the layers.
        lstms: the LSTM layers, in order.
        bilstm: the last of them, whose final state is classified.
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        lstm_units: int,
        dropout_rate: float,
        num_classes: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = True,
    ) -> None:
        if num_layers < 1:
            raise ConfigError(f"ManualLSTMModel: num_layers: expected 1 or more, got {num_layers}")
        layer, width = (BidirectionalLSTM, 2 * lstm_units) if bidirectional else (LSTM, lstm_units)
        self.embedding = Embedding(vocab_size, embedding_dim)
        sizes = [embedding_dim, *[width] * (num_layers - 1)]
        self.lstms: list[LSTM | BidirectionalLSTM] = [layer(size, lstm_units) for size in sizes]
        self.dropout = Dropout(dropout_rate)
        self.dense = Dense(width, num_classes, "softmax")

    @property
    def bilstm(self) -> LSTM | BidirectionalLSTM:
        """The last LSTM layer, whose final hidden state is classified."""
        return self.lstms[-1]

    def load_weights(self, filename: str | Path) -> None:
        """Take the weights of a .h5 or .keras file that Keras saved from a model of the same architecture.

        Raises:
            ModelFileError: no such file, or none of Keras's.
            WeightError: another architecture; the present weights stay.
        """
        recurrent = "Bidirectional" if isinstance(self.bilstm, BidirectionalLSTM) else "LSTM"
        classes = ["Embedding", *[recurrent] * len(self.lstms), "Dense"]
        layers = [LayerSpec(class_name, f"{place}", {}) for place, class_name in enumerate(classes)]
        loaded = read_layer_weights(Path(filename), layers)
        arrays = [[weight.value for weight in weights] for weights in loaded]
        set_all([self.embedding, *self.lstms, self.dense], arrays)

    def forward(self, x_batch: Any, training: bool = False) -> Array:
        """Class probabilities: token ids (batch, time) -> (batch, num_classes).

        Args:
            x_batch: token ids.
            training: whether Dropout drops.

        Raises:
            InputError: ids out of range, or another rank.
        """
        sequence = self.embedding.forward(x_batch)
        final = np.empty(0)
        for lstm in self.lstms:
            sequence, final, _ = lstm.forward(sequence)
        return self.dense.forward(self.dropout.forward(final, training))
