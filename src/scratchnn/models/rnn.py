"""The report's simple recurrent model."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from ..errors import ConfigError, WeightError
from ..layers.base import Array
from ..layers.bidirectional import BiRNN
from ..layers.dense import Dense
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.simple_rnn import RNN


class SimpleRNNModel:
    """Embedding, RNN or BiRNN layers, Dropout, Dense with softmax.

    Args:
        vocab_size: number of token ids.
        embed_dim: size of a token's vector.
        hidden_dim: units of each recurrent layer, in one direction.
        num_classes: number of classes.
        dropout_rate: of the Dropout layer.
        num_layers: number of recurrent layers.
        bidirectional: whether they read in both directions.
        return_sequences_list: for each recurrent layer, whether it returns every step.

    Attributes:
        embed, rnns, dropout, dense: the layers.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        hidden_dim: int,
        num_classes: int,
        dropout_rate: float,
        num_layers: int,
        bidirectional: bool,
        return_sequences_list: Sequence[bool],
    ) -> None:
        if len(return_sequences_list) != num_layers:
            raise ConfigError(
                f"SimpleRNNModel: return_sequences_list: expected {num_layers} entries, "
                f"got {len(return_sequences_list)}"
            )
        layer, width = (BiRNN, 2 * hidden_dim) if bidirectional else (RNN, hidden_dim)
        self.embed = Embedding(vocab_size, embed_dim)
        sizes = [embed_dim, *[width] * num_layers]
        self.rnns: list[RNN | BiRNN] = [
            layer(size, hidden_dim, sequences)
            for size, sequences in zip(sizes[:-1], return_sequences_list, strict=True)
        ]
        self.dropout = Dropout(dropout_rate)
        self.dense = Dense(sizes[-1], num_classes, "softmax")
        self._training = False

    def set_training_mode(self, training: bool) -> None:
        """Set the mode of the model and its Dropout for calls that do not say."""
        self._training = training
        self.dropout.set_training_mode(training)

    def load_keras_weights(self, keras_weights: Sequence[Any]) -> None:
        """Take the arrays that the `get_weights()` of a Keras model of the same architecture gives.

        Raises:
            WeightError: another number of arrays, or another shape; the present weights stay.
        """
        layers: list[Any] = [self.embed, *self.rnns, self.dense]
        counts = [len(layer.get_weights()) for layer in layers]
        if len(keras_weights) != sum(counts):
            raise WeightError(
                f"SimpleRNNModel: expected {sum(counts)} arrays (Embedding, {len(self.rnns)} recurrent layers, "
                f"Dense), got {len(keras_weights)}"
            )
        arrays = iter(keras_weights)
        set_all(layers, [list(islice(arrays, count)) for count in counts])

    def forward(self, x: Any, training: bool | None = None) -> Array:
        """Class probabilities: token ids (batch, time) -> (batch, num_classes).

        Args:
            x: token ids.
            training: whether Dropout drops; None means the model's own mode.

        Raises:
            InputError: ids out of range, or another rank.
        """
        h = self.embed.forward(x)
        for rnn in self.rnns:
            h = rnn.forward(h if h.ndim == 3 else h[:, None])  # a last state is a sequence of length 1
        return self.dense.forward(self.dropout.forward(h, self._training if training is None else training))


def set_all(layers: Sequence[Any], weights: Sequence[Sequence[Any]]) -> None:
    """Give each layer its arrays, or none of them any.

    Raises:
        WeightError: another number of arrays for a layer, or an array of another shape.
    """
    before = [layer.get_weights() for layer in layers]
    for layer, old, new in zip(layers, before, weights, strict=True):
        if len(old) != len(new):
            raise WeightError(f"{layer.label}: expected {len(old)} arrays, got {len(new)}")
    try:
        for layer, arrays in zip(layers, weights, strict=True):
            layer.set_weights(*arrays)
    except WeightError:
        for layer, arrays in zip(layers, before, strict=True):
            layer.set_weights(*arrays)
        raise
