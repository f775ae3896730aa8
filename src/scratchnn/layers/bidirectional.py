"""Bidirectional: a recurrent layer in both directions; the report's BiRNN and BidirectionalLSTM."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import activations
from ..errors import ConfigError
from ..spec import Shape
from .base import Array, Layer, build_nested, register
from .lstm import LSTM
from .options import Options, Weights
from .recurrent import Recurrent
from .simple_rnn import RNN

MERGE_MODES = ("concat", "sum", "ave", "mul", None)


@register("Bidirectional")
class Bidirectional(Layer):
    """Two recurrent layers over the same sequences, one from each end, their outputs merged in time.

    Source: https://keras.io/api/layers/recurrent_layers/bidirectional/

    Args:
        forward_layer: a recurrent layer.
        backward_layer: a recurrent layer of the other direction (go_backwards).
        merge_mode: 'concat', 'sum', 'ave', 'mul', or None for both outputs apart.
    """

    supports_masking = True
    bound = "bidirectional"

    def __init__(
        self,
        forward_layer: Recurrent,
        backward_layer: Recurrent,
        *,
        merge_mode: str | None = "concat",
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if merge_mode not in MERGE_MODES:
            raise ConfigError(f"{self.label}: merge_mode: expected one of {MERGE_MODES}, got {merge_mode!r}")
        if forward_layer.go_backwards == backward_layer.go_backwards:
            raise ConfigError(
                f"{self.label}: expected one layer with go_backwards, got "
                f"{forward_layer.go_backwards} and {backward_layer.go_backwards}"
            )
        for key in ("stateful", "return_sequences", "return_state"):
            ours = getattr(forward_layer, key), getattr(backward_layer, key)
            if bool(ours[0]) != bool(ours[1]):
                raise ConfigError(f"{self.label}: expected the same {key} in both directions, got {ours}")
        sizes = forward_layer.cell.output_size, backward_layer.cell.output_size
        if merge_mode in ("sum", "ave", "mul") and sizes[0] != sizes[1]:
            raise ConfigError(f"{self.label}: merge_mode: expected as many units in both directions, got {sizes}")
        self.forward_layer, self.backward_layer, self.merge_mode = forward_layer, backward_layer, merge_mode
        self.inference_only = forward_layer.inference_only or backward_layer.inference_only
        for layer in (forward_layer, backward_layer):  # so does Keras
            layer.zero_output_for_mask = bool(layer.return_sequences)

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "Bidirectional":
        """Build from Keras's Bidirectional config: the layer, and the backward one if it differs."""
        merge_mode = options.choice("merge_mode", MERGE_MODES, "concat")
        inner = options.raw("layer")
        backward = options.raw("backward_layer", None) or _reversed(inner)
        directions = [
            build_nested(options, place, config, weights, input_shape, Recurrent)
            for place, config in (("layer", inner), ("backward_layer", backward))
        ]
        return cls(*directions, merge_mode=merge_mode)

    def sublayers(self) -> dict[str, Layer]:
        """Both directions."""
        return {"forward_layer": self.forward_layer, "backward_layer": self.backward_layer}

    return_sequences = property(lambda self: bool(self.forward_layer.return_sequences))
    return_state = property(lambda self: bool(self.forward_layer.return_state))

    def forward(self, x: Any, *, initial_state: Sequence[Any] | None = None, mask: Any = None) -> Any:
        """Run both directions and merge them.

        Args:
            x: (batch, time, features).
            initial_state: the states of the forward layer, then those of the backward layer.
            mask: (batch, time), False where a step is skipped.

        Returns:
            (batch, time, units) or (batch, units), with 2 · units for 'concat', two of them for None; with
            return_state a tuple with the states of the forward and of the backward layer behind.

        Raises:
            InputError: another rank, feature size, mask or state shape, or no elements.
        """
        x = self.as_numbers(x, ndim=3, last=self.forward_layer.cell.input_dim)
        half = None if initial_state is None else len(initial_state) // 2
        first, second = (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
        ahead, ahead_states = self.forward_layer.run(x, first, mask)
        back, back_states = self.backward_layer.run(x, second, mask)
        if self.return_sequences:
            merged = self._merge(ahead, back[:, ::-1])  # back in the order of time
        else:
            merged = self._merge(ahead[:, -1], back[:, -1])
        if not self.return_state:
            return merged
        outputs = merged if isinstance(merged, tuple) else (merged,)
        return (*outputs, *ahead_states, *back_states)

    def reset_state(self) -> None:
        """Let the next call of stateful directions start from zeros."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def _merge(self, ahead: Array, back: Array) -> Any:
        match self.merge_mode:
            case "concat":
                return np.concatenate([ahead, back], axis=-1)
            case "sum":
                return ahead + back
            case "ave":
                return (ahead + back) / 2
            case "mul":
                return ahead * back
            case _:
                return ahead, back

    def compute_mask(self, x: Any, mask: Any) -> Any:
        """The input's mask where every step is returned; the states have none."""
        output_mask = mask if self.return_sequences else None
        masks: tuple[Any, ...] = (output_mask, output_mask) if self.merge_mode is None else (output_mask,)
        if self.return_state:
            cells = self.forward_layer.cell, self.backward_layer.cell
            masks += (None,) * sum(len(cell.state_sizes) for cell in cells)
        return masks if len(masks) > 1 else output_mask

    def output_shape(self, input_shape: Shape) -> Any:
        """Shapes of the merged output and the states behind it."""
        shapes = [layer.output_shape(input_shape) for layer in (self.forward_layer, self.backward_layer)]
        ahead, back = shapes if self.return_state else [[shape] for shape in shapes]
        outputs = [ahead[0], back[0]]
        if self.merge_mode is not None:
            size = ahead[0][-1] + back[0][-1] if self.merge_mode == "concat" else ahead[0][-1]
            outputs = [(*ahead[0][:-1], size)]
        told = (*outputs, *ahead[1:], *back[1:])
        return told if len(told) > 1 else told[0]


def _reversed(serialized: Any) -> Any:
    """The serialized layer with its direction turned round, as Keras builds the backward layer."""
    if not isinstance(serialized, Mapping) or not isinstance(serialized.get("config"), Mapping):
        return serialized
    config = serialized["config"]
    return {**serialized, "config": {**config, "go_backwards": not config.get("go_backwards", False)}}


class BiRNN(Bidirectional):
    """A simple recurrent layer in both directions, concatenated.

    Args:
        input_dim: features of one step.
        hidden_dim: units of one direction.
        return_sequences: whether the output of every step is returned, or the last alone.
        activation, use_bias: of both cells.

    Attributes:
        fwd, bwd: the two RNNs.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        return_sequences: bool = False,
        *,
        activation: str | activations.Activation | None = "tanh",
        use_bias: bool = True,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        ahead, back = (
            RNN(
                input_dim,
                hidden_dim,
                return_sequences,
                activation=activation,
                use_bias=use_bias,
                go_backwards=go_backwards,
                dtype=dtype,
            )
            for go_backwards in (False, True)
        )
        super().__init__(ahead, back, name=name, dtype=dtype)

    fwd = property(lambda self: self.forward_layer, doc="The RNN that reads from the start.")
    bwd = property(lambda self: self.backward_layer, doc="The RNN that reads from the end.")

    def set_weights(self, Wx_f: Any, Wh_f: Any, b_f: Any, Wx_b: Any, Wh_b: Any, b_b: Any) -> None:
        """Set kernel, recurrent kernel and bias of the forward, then of the backward RNN.

        Raises:
            WeightError: another shape.
        """
        self.fwd.set_weights(Wx_f, Wh_f, b_f)
        self.bwd.set_weights(Wx_b, Wh_b, b_b)


class BidirectionalLSTM(Bidirectional):
    """An LSTM in both directions, concatenated.

    Args:
        input_dim: features of one step.
        hidden_dim: units of one direction.
        return_sequences, return_state: what `forward` returns, as in Keras. With neither given it returns
            (sequence, final h, final c), each of both directions.

    Attributes:
        forward_lstm, backward_lstm: the two LSTMs.
        H: units of one direction.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        *,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
        name: str | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        ahead, back = (
            LSTM(
                input_dim,
                hidden_dim,
                activation=activation,
                recurrent_activation=recurrent_activation,
                use_bias=use_bias,
                return_sequences=return_sequences,
                return_state=return_state,
                go_backwards=go_backwards,
                dtype=dtype,
            )
            for go_backwards in (False, True)
        )
        super().__init__(ahead, back, name=name, dtype=dtype)
        self._paired_states = return_sequences is None and return_state is None

    forward_lstm = property(lambda self: self.forward_layer, doc="The LSTM that reads from the start.")
    backward_lstm = property(lambda self: self.backward_layer, doc="The LSTM that reads from the end.")
    H = property(lambda self: self.forward_layer.H, doc="Units of one direction.")

    def set_weights(self, W_f: Any, U_f: Any, b_f: Any, W_b: Any, U_b: Any, b_b: Any) -> None:
        """Set kernel, recurrent kernel and bias of the forward, then of the backward LSTM.

        Raises:
            WeightError: another shape.
        """
        self.forward_lstm.set_weights(W_f, U_f, b_f)
        self.backward_lstm.set_weights(W_b, U_b, b_b)

    def forward(self, x_seq: Any, *, initial_state: Sequence[Any] | None = None, mask: Any = None) -> Any:
        """Run one sequence (time, D) or a batch of them (batch, time, D) in both directions.

        Returns:
            (sequence (time, 2H), final h (2H,), final c (2H,)), forward half first, each with a batch axis in
            front if x_seq has one; or what `return_sequences` and `return_state` ask for, if either was given.

        Raises:
            InputError: another rank, feature size, mask or state shape, or no elements.
        """
        x = self.as_numbers(x_seq, min_ndim=2, last=self.forward_lstm.D)
        if x.ndim == 2:
            states = None if initial_state is None else [np.asarray(state)[None] for state in initial_state]
            result = self.forward(
                x[None], initial_state=states, mask=None if mask is None else np.asarray(mask)[None]
            )
            return tuple(array[0] for array in result) if isinstance(result, tuple) else result[0]
        result = super().forward(x, initial_state=initial_state, mask=mask)
        if not self._paired_states:
            return result
        sequence, h_ahead, c_ahead, h_back, c_back = result
        return (
            sequence,
            np.concatenate([h_ahead, h_back], axis=-1),
            np.concatenate([c_ahead, c_back], axis=-1),
        )
