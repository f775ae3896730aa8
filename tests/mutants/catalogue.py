# ruff: noqa: E501 - one line a mutant reads best
"""The mutants: each is a small textual change of one source file, and the tests of one layer that must see it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: what is wrong.
        file: the source file below src/scratchnn.
        old, new: the text that is replaced (it must occur exactly once) and what stands there instead.
        test: the test file, below tests, that must fail.
    """

    name: str
    file: str
    old: str
    new: str
    test: str

    @property
    def module(self) -> str:
        """The module that the file is."""
        return "scratchnn." + self.file.removesuffix(".py").replace("/", ".")

    @property
    def tests(self) -> tuple[str, ...]:
        """The test files that run."""
        return (self.test,)

    def apply(self, source: str) -> str:
        """The changed source."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: the text to change is not there exactly once")
        return source.replace(self.old, self.new)


def _group(file: str, test: str, *changes: tuple[str, str, str]) -> list[Mutant]:
    return [Mutant(name, file, old, new, f"layers/{test}") for name, old, new in changes]


CONV, POOL = "layers/convolution.py", "layers/pooling.py"
RNN, LSTM, GRU, LOOP = "layers/simple_rnn.py", "layers/lstm.py", "layers/gru.py", "layers/recurrent.py"
BOTH, ACT = "layers/bidirectional.py", "activations.py"

MUTANTS = [
    # Padding and windows.
    *_group(
        "windows.py",
        "test_conv2d.py",
        ("conv: pad on the wrong side", "return missing // 2, missing - missing // 2", "return missing - missing // 2, missing // 2"),
        ("conv: symmetric padding as PyTorch", "return missing // 2, missing - missing // 2", "return (reach - 1) // 2, reach - 1 - (reach - 1) // 2"),
        ("conv: SAME ignores the stride", "missing = max((output_size(size, kernel, stride, dilation, padding) - 1) * stride + reach - size, 0)", "missing = reach - 1"),
        ("conv: SAME ignores the dilation", "missing = max((output_size(size, kernel, stride, dilation, padding) - 1) * stride + reach - size, 0)", "missing = max((output_size(size, kernel, stride, 1, padding) - 1) * stride + kernel - size, 0)"),
        ("conv: no max(0, .) in SAME", "missing = max((output_size(size, kernel, stride, dilation, padding) - 1) * stride + reach - size, 0)", "missing = abs((output_size(size, kernel, stride, dilation, padding) - 1) * stride + reach - size)"),
        ("conv: edge instead of zero padding", "constant_values=value)", "mode='edge')"),
        ("conv: floor for ceil in the size of SAME", "return -(-size // stride)", "return max(size // stride, 1)"),
        ("conv: valid counts one window too few", "return (size - effective_size(kernel, dilation)) // stride + 1", "return max((size - effective_size(kernel, dilation)) // stride, 1)"),
        ("conv: effective size off by one", "return (kernel - 1) * dilation + 1", "return kernel * dilation"),
        ("conv: stride ignored", "steps = [slice(None, None, step) for step in (*strides, *dilation)]", "steps = [slice(None, None, step) for step in (*(1 for _ in strides), *dilation)]"),
        ("conv: strides swapped in the windows", "steps = [slice(None, None, step) for step in (*strides, *dilation)]", "steps = [slice(None, None, step) for step in (*strides[::-1], *dilation)]"),
        ("conv: dilation swapped in the windows", "steps = [slice(None, None, step) for step in (*strides, *dilation)]", "steps = [slice(None, None, step) for step in (*strides, *dilation[::-1])]"),
    ),
    *_group(
        CONV,
        "test_conv2d.py",
        ("conv: strides swapped", 'self.strides = pair(strides, self.rank, f"{self.label}: strides")', 'self.strides = pair(strides, self.rank, f"{self.label}: strides")[::-1]'),
        ("conv: dilation swapped", 'self.dilation_rate = pair(dilation_rate, self.rank, f"{self.label}: dilation_rate")', 'self.dilation_rate = pair(dilation_rate, self.rank, f"{self.label}: dilation_rate")[::-1]'),
        ("conv: kernel flipped, a true convolution", "kernel = np.asarray(self.weights, x.dtype)", "kernel = np.asarray(self.weights[::-1, ::-1], x.dtype)"),
        ("conv: kernel flipped along the width", "kernel = np.asarray(self.weights, x.dtype)", "kernel = np.asarray(self.weights[:, ::-1], x.dtype)"),
        ("conv: kernel transposed where it is square", "kernel = np.asarray(self.weights, x.dtype)", "kernel = np.asarray(self.weights, x.dtype)\n        kernel = kernel.swapaxes(0, 1) if kernel.shape[0] == kernel.shape[1] else kernel"),
        ("conv: groups interleaved in the input", "np.split(windows, self.groups, axis=-1)", "[windows[..., g :: self.groups] for g in range(self.groups)]"),
        ("conv: groups interleaved in the filters", "np.split(kernel, self.groups, axis=-1), strict=True", "[kernel[..., g :: self.groups] for g in range(self.groups)], strict=True"),
        ("conv: bias missing", "z = z + np.asarray(self.biases, x.dtype)", "z = z + 0 * np.asarray(self.biases, x.dtype)"),
        ("conv: one bias dropped", "z = z + np.asarray(self.biases, x.dtype)", "z = z + np.append(self.biases[:-1], 0).astype(x.dtype)"),
        ("conv: activation before the bias", "return self.activate(self.linear(x))", "return self.linear(x) if self.biases is not None and self.activation == 'relu' else self.activate(self.linear(x))"),
        ("conv: float16 inside", "kernel = np.asarray(self.weights, x.dtype)", "kernel = np.asarray(self.weights, np.float16).astype(x.dtype)"),
        ("conv: channels first read as last", "return np.moveaxis(x, 1, -1) if", "return x.swapaxes(1, -1) if"),
    ),
    # Pooling.
    *_group(
        POOL,
        "test_average_pooling2d.py",
        ("pool: average counts the padding", "return total / count", "return total / x.dtype.type(np.prod(self.pool_size))"),
        ("pool: default stride 1", "self.strides = self.pool_size if strides is None", "self.strides = (1,) * self.rank if strides is None"),
        ("pool: pool axes swapped", 'self.pool_size = pair(pool_size, self.rank, f"{self.label}: pool_size")', 'self.pool_size = pair(pool_size, self.rank, f"{self.label}: pool_size")[::-1]'),
        ("pool: default strides swapped", "self.strides = self.pool_size if strides is None", "self.strides = self.pool_size[::-1] if strides is None"),
        ("pool: dtype lost in the count", "inside = np.ones((1, *x.shape[1:-1], 1), x.dtype)", "inside = np.ones((1, *x.shape[1:-1], 1), np.float64)"),
    ),
    *_group(
        POOL,
        "test_max_pooling2d.py",
        ("pool: max pads with zero", "value=-np.inf)", "value=0)"),
        ("pool: max of absolute values", "return reduce(np.maximum, taps(padded, *self.geometry))", "return reduce(lambda a, b: np.where(abs(a) < abs(b), b, a), taps(padded, *self.geometry))"),
        ("pool: data format ignored", "return from_channels_last(self.pool(to_channels_last(x, self.data_format)), self.data_format)", "return self.pool(x) if x.shape[1] > 1 and x.shape[-1] > 1 and self.padding == 'same' else from_channels_last(self.pool(to_channels_last(x, self.data_format)), self.data_format)"),
    ),
    *_group(
        "windows.py",
        "test_max_pooling2d.py",
        ("pool: pad on the wrong side", "return missing // 2, missing - missing // 2", "return missing - missing // 2, missing // 2"),
        ("pool: first tap only along an axis", "for position in product(*map(range, kernel)):", "for position in product(range(kernel[0]), *(range(max(k - 1, 1)) for k in kernel[1:])):"),
        ("pool: last window missing", "slice(p * d, p * d + (n - 1) * s + 1, s)", "slice(p * d, p * d + max(n - 2, 0) * s + 1, s)"),
    ),
    *_group(POOL, "test_global_average_pooling2d.py",
            ("global pool: one axis only", "mean: Array = x.mean(axis=self.axes,", "mean: Array = x.max(axis=self.axes[0], keepdims=True).mean(axis=self.axes,"),
            ("global pool: keepdims ignored", "mean: Array = x.mean(axis=self.axes, keepdims=self.keepdims", "mean: Array = x.mean(axis=self.axes, keepdims=False"),
            ("global pool: channels first ignored", "start = 2 if self.data_format", "start = 1 if self.data_format")),
    *_group(POOL, "test_global_max_pooling2d.py",
            ("global pool: minimum", "largest: Array = self.as_floats(x, ndim=self.rank + 2).max(", "largest: Array = self.as_floats(x, ndim=self.rank + 2).min(")),
    # SimpleRNN and the loop over time.
    *_group(
        RNN,
        "test_simple_rnn.py",
        ("rnn: recurrent matrix transposed", "h @ np.asarray(self.Wh, z.dtype)", "h @ np.asarray(self.Wh.T, z.dtype)"),
        ("rnn: bias missing", "return z if self.b is None else z + np.asarray(self.b, x.dtype)", "return z"),
        ("rnn: bias added once only", "return z if self.b is None else z + np.asarray(self.b, x.dtype)", "z = z.copy()\n        z[:, :1] += 0 if self.b is None else np.asarray(self.b, x.dtype)\n        return z"),
        ("rnn: bias added twice", "return (self.activate(z + h @ np.asarray(self.Wh, z.dtype)),)", "return (self.activate(z + h @ np.asarray(self.Wh, z.dtype) + (0 if self.b is None else np.asarray(self.b, z.dtype))),)"),
        ("rnn: activation ignored", "return (self.activate(z + h", "return (np.tanh(z + h"),
        ("rnn: state before the input", "return (self.activate(z + h @ np.asarray(self.Wh, z.dtype)),)", "return (self.activate(z) + h @ np.asarray(self.Wh, z.dtype),)"),
        ("rnn: float16 inside", "z = x @ np.asarray(self.Wx, x.dtype)", "z = x @ np.asarray(self.Wx, np.float16).astype(x.dtype)"),
    ),
    *_group(
        LOOP,
        "test_simple_rnn.py",
        ("loop: last step skipped", "else range(x.shape[1])\n", "else range(max(x.shape[1] - 1, 1))\n"),
        ("loop: go_backwards ignored", "if self.go_backwards else range", "if False else range"),
        ("loop: backwards outputs in the order of time", "outputs[:, place] = output\n            else", "outputs[:, t] = output\n            else"),
        ("loop: state leaks between calls", "if self.stateful:\n            self.states", "if True:\n            self.stateful = True\n            self.states"),
        ("loop: first state ignored", "given = initial_state if", "return tuple(np.zeros((len(x), size), x.dtype) for size in self.cell.state_sizes)\n        given = initial_state if"),
        ("loop: masked steps zeroed instead of carried", "output = np.where(keep[:, t], new[place_of_output], output)", "output = np.where(keep[:, t], new[place_of_output], 0 * output)"),
        ("loop: masked states zeroed instead of carried", "states = tuple(np.where(keep[:, t], n, old)", "states = tuple(np.where(keep[:, t], n, 0 * old)"),
        ("loop: mask ignored", "keep = None if mask is None else", "keep = None if True else"),
        ("loop: mask not reversed with the sequence", "states = tuple(np.where(keep[:, t], n, old)", "states = tuple(np.where(keep[:, place], n, old)"),
        ("loop: mask turned round", "states = tuple(np.where(keep[:, t], n, old)", "states = tuple(np.where(keep[:, -1 - t], n, old)"),
        ("loop: zero_output_for_mask ignored", "if keep is None or not self.zero_output_for_mask:", "if True:"),
        ("loop: zero_output_for_mask always", "if keep is None or not self.zero_output_for_mask:", "if keep is None:"),
        ("loop: mask not passed on", "output_mask = mask if self.return_sequences else None", "output_mask = None"),
        ("loop: mask passed on with the last output", "output_mask = mask if self.return_sequences else None", "output_mask = mask"),
        ("loop: last output from the wrong end", "output = outputs if self.return_sequences else outputs[:, -1]", "output = outputs if self.return_sequences else outputs[:, 0]"),
        ("loop: return_state ignored", "return (output, *states) if self.return_state else output\n\n    def _initial", "return output\n\n    def _initial"),
    ),
    # LSTM.
    *_group(
        LSTM,
        "test_lstm.py",
        ("lstm: i and f swapped", "i, f, g, o = np.split(", "f, i, g, o = np.split("),
        ("lstm: order i f o g", "i, f, g, o = np.split(", "i, f, o, g = np.split("),
        ("lstm: order of PyTorch's GRU-like o first", "i, f, g, o = np.split(", "o, f, g, i = np.split("),
        ("lstm: forget bias of one added again", "c = self.recurrent_activate(f) * c", "c = self.recurrent_activate(f + 1) * c"),
        ("lstm: h from the old c", "c = self.recurrent_activate(f) * c + self.recurrent_activate(i) * self.activate(g)\n        return self.recurrent_activate(o) * self.activate(c), c", "old = c\n        c = self.recurrent_activate(f) * c + self.recurrent_activate(i) * self.activate(g)\n        return self.recurrent_activate(o) * self.activate(old), c"),
        ("lstm: activations swapped", "c = self.recurrent_activate(f) * c + self.recurrent_activate(i) * self.activate(g)", "c = self.recurrent_activate(f) * c + self.activate(i) * self.recurrent_activate(g)"),
        ("lstm: output activation missing", "return self.recurrent_activate(o) * self.activate(c), c", "return self.recurrent_activate(o) * c, c"),
        ("lstm: output tanh whatever the activation", "return self.recurrent_activate(o) * self.activate(c), c", "return self.recurrent_activate(o) * np.tanh(c), c"),
        ("lstm: h and c swapped", "return self.recurrent_activate(o) * self.activate(c), c", "return c, self.recurrent_activate(o) * self.activate(c)"),
        ("lstm: h and c of the first state swapped", "h, c = states", "c, h = states"),
        ("lstm: bias missing", "return z if self.b is None else z + np.asarray(self.b, x.dtype)", "return z"),
        ("lstm: recurrent kernel of the gates reversed", "h @ np.asarray(self.U, z.dtype)", "h[:, ::-1] @ np.asarray(self.U, z.dtype)"),
        ("lstm: peephole from the carry", "i, f, g, o = np.split(z + h", "i, f, g, o = np.split(z + np.tile(c, 4) / 1024 + h"),
        ("lstm: bfloat16 inside", "z = x @ np.asarray(self.W, x.dtype)", "z = x @ (np.asarray(self.W, np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(x.dtype)"),
        ("lstm: one weight times 1 + 1e-4", "z = x @ np.asarray(self.W, x.dtype)", "W = np.array(self.W, x.dtype)\n        W[0, 0] *= 1 + 1e-4\n        z = x @ W"),
    ),
    *_group(ACT, "test_lstm.py",
            ("lstm: hard_sigmoid of the wrong version", "return relu6(x + 3) / 6", "return np.clip(x / 5 + 0.5, 0, 1)")),
    # GRU.
    *_group(
        GRU,
        "test_gru.py",
        ("gru: reset before the product always", "recurrent = reset * inner[:, gates:] if self.reset_after else", "recurrent ="),
        ("gru: reset after the product always", "else (reset * h) @ U[:, gates:]", "else reset * (h @ U[:, gates:])"),
        ("gru: recurrent bias missing", "if self.reset_after and self.b is not None:", "if False:"),
        ("gru: input bias taken for the recurrent one", "inner = inner + np.asarray(self.b[1], z.dtype)", "inner = inner + np.asarray(self.b[0], z.dtype)"),
        ("gru: z and 1 - z swapped", "return (update * h + (1 - update) * candidate,)", "return ((1 - update) * h + update * candidate,)"),
        ("gru: r and z swapped", "update, reset = (self.rec", "reset, update = (self.rec"),
        ("gru: reset gate ignored", "recurrent = reset * inner[:, gates:] if", "recurrent = inner[:, gates:] if"),
        ("gru: activation of the gates for the candidate", "candidate = self.activate(z[:, gates:] + recurrent)", "candidate = self.recurrent_activate(z[:, gates:] + recurrent)"),
    ),
    # Bidirectional.
    *_group(
        BOTH,
        "test_bidirectional.py",
        ("both: backward sequence not turned round", "merged = self._merge(ahead, back[:, ::-1])", "merged = self._merge(ahead, back)"),
        ("both: final state from the wrong end", "merged = self._merge(ahead[:, -1], back[:, -1])", "merged = self._merge(ahead[:, -1], back[:, 0])"),
        ("both: weights shared", "back, back_states = self.backward_layer.run(x, second, mask)", "back, back_states = self.forward_layer.run(x[:, ::-1], second, mask)"),
        ("both: concatenated in the wrong order", "return np.concatenate([ahead, back], axis=-1)", "return np.concatenate([back, ahead], axis=-1)"),
        ("both: concatenated along time", "return np.concatenate([ahead, back], axis=-1)", "return np.concatenate([ahead, back], axis=-1 if ahead.ndim == 2 else 1)"),
        ("both: sum for ave", "return (ahead + back) / 2", "return ahead + back"),
        ("both: product for sum", "return ahead + back\n", "return ahead * back\n"),
        ("both: sum for product", "return ahead * back\n", "return ahead + back\n"),
        ("both: None puts out the first alone", "return ahead, back\n", "return ahead\n"),
        ("both: states of the halves swapped", "return (*outputs, *ahead_states, *back_states)", "return (*outputs, *back_states, *ahead_states)"),
        ("both: first states of the halves swapped", "(initial_state[:half], initial_state[half:])", "(initial_state[half:], initial_state[:half])"),
        ("both: mask for one direction alone", "self.backward_layer.run(x, second, mask)", "self.backward_layer.run(x, second, None)"),
        ("both: masked outputs not zeroed", "layer.zero_output_for_mask = bool(layer.return_sequences)", "layer.zero_output_for_mask = False"),
    ),
    *_group(LOOP, "test_bidirectional.py",
            ("both: mask not turned round for the backward half", "output = np.where(keep[:, t], new[place_of_output], output)", "output = np.where(keep[:, place], new[place_of_output], output)")),
    # Embedding and masks from other layers.
    *_group("layers/embedding.py", "test_embedding.py",
            ("embedding: off by one", "rows: Array = self.W[self._ids(x)]", "rows: Array = self.W[self._ids(x) - 1]"),
            ("embedding: wraps negative ids", "wrong = ~((ids >= 0) & (ids < len(self.W)))", "wrong = ~(ids < len(self.W))"),
            ("embedding: clips large ids", "wrong = ~((ids >= 0) & (ids < len(self.W)))", "ids = np.minimum(ids, len(self.W) - 1)\n        wrong = ids < 0"),
            ("embedding: mask upside down", "return np.asarray(x) != 0 if", "return np.asarray(x) == 0 if"),
            ("embedding: mask without mask_zero", "return np.asarray(x) != 0 if self.mask_zero else None", "return np.asarray(x) != 0"),
            ("embedding: id 0 gives zeros", "rows: Array = self.W[self._ids(x)]", "rows: Array = self.W[self._ids(x)] * (np.asarray(x) != 0)[..., None].astype(self.W.dtype)"),
            ("embedding: float64", "rows: Array = self.W[self._ids(x)]", "rows: Array = self.W[self._ids(x)].astype(np.float64)")),
    *_group("layers/elementwise.py", "test_activation.py",
            ("mask not passed on by the next layer", "supports_masking = True", "supports_masking = False")),
    # Dense, activations and softmax.
    *_group(
        "layers/dense.py",
        "test_dense.py",
        ("dense: bias missing", "return z if self.b is None else z + np.asarray(self.b, x.dtype)", "return z"),
        ("dense: bias on the first row alone", "return z if self.b is None else z + np.asarray(self.b, x.dtype)", "z = z.copy()\n        z[:1] += 0 if self.b is None else np.asarray(self.b, x.dtype)\n        return z"),
        ("dense: one weight times 1 + 1e-6", "z = x @ np.asarray(self.W, x.dtype)", "W = np.array(self.W, x.dtype)\n        W[0, 0] *= 1 + 1e-6\n        z = x @ W"),
        ("dense: a silent float64 result", "z = x @ np.asarray(self.W, x.dtype)", "z = x @ np.asarray(self.W, np.float64)"),
        ("dense: float16 inside", "z = x @ np.asarray(self.W, x.dtype)", "z = (x.astype(np.float16) @ np.asarray(self.W, np.float16)).astype(x.dtype)"),
        ("dense: writes into its input", "z = x @ np.asarray(self.W, x.dtype)", "z = x @ np.asarray(self.W, x.dtype)\n        x *= 2"),
        ("dense: activation ignored", "return self.activate(self.linear(self.as_floats(x, min_ndim=2, last=len(self.W))))", "return self.linear(self.as_floats(x, min_ndim=2, last=len(self.W)))"),
        ("dense: mask not passed on", "supports_masking = True", "supports_masking = False"),
    ),
    *_group(
        ACT,
        "test_activation.py",
        ("softmax without max-subtraction", "powers = np.exp(x - x.max(axis=axis, keepdims=True))", "powers = np.exp(x)"),
        ("gelu by the tanh formula", "def gelu(x: Array, approximate: bool = False)", "def gelu(x: Array, approximate: bool = True)"),
        ("sigmoid overflows", "small = np.exp(-np.abs(x))\n    return np.where(x >= 0, 1, small) / (1 + small)", "return 1 / (1 + np.exp(-x)) if np.all(x > -50) else np.exp(x) / (1 + np.exp(x))"),
        ("softplus overflows", "return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))", "return np.log1p(np.exp(x))"),
        ("elu by exp(x) - 1", "def elu(x: Array, alpha: float = 1.0) -> Array:", "def elu(x: Array, alpha: float = 1.0625) -> Array:"),
        ("leaky_relu with Keras 2's slope", "def leaky_relu(x: Array, negative_slope: float = 0.2)", "def leaky_relu(x: Array, negative_slope: float = 0.3)"),
        ("hard_sigmoid of Keras 2", "return relu6(x + 3) / 6", "return np.clip(x / 5 + 0.5, 0, 1)"),
        ("relu6 without a ceiling", "return np.minimum(np.maximum(x, 0), 6)", "return np.maximum(x, 0)"),
        ("softsign without abs", "return x / (1 + np.abs(x))", "return x / (1 + x * x) ** 0.5"),
        ("mish by sigmoid", "return x * np.tanh(softplus(x))", "return x * sigmoid(softplus(x))"),
        ("selu scale to three digits", "SELU_SCALE = 1.0507009873554804934193349852946", "SELU_SCALE = 1.0507"),
    ),
    *_group("layers/softmax.py", "test_softmax.py",
            ("softmax: on the wrong axis", "return activations.softmax(x, self.axis)", "return activations.softmax(x, -1)"),
            ("softmax: mask ignored", "if mask is None:", "if True:"),
            ("softmax: masked takes its share", "return np.where(keep, self.apply(np.where(keep, x, x.dtype.type(lowest))), np.zeros_like(x))", "return np.where(keep, self.apply(x), np.zeros_like(x))")),
    *_group(ACT, "test_softmax.py",
            ("softmax: with the global max", "powers = np.exp(x - x.max(axis=axis, keepdims=True))", "powers = np.exp(x - x.max())"),
            ("softmax: without max-subtraction", "powers = np.exp(x - x.max(axis=axis, keepdims=True))", "powers = np.exp(x)")),
    *_group("layers/relu.py", "test_relu.py",
            ("relu: ceiling ignored", "return activations.relu(x, self.negative_slope, self.max_value, self.threshold)", "return activations.relu(x, self.negative_slope, None, self.threshold)"),
            ("relu: threshold ignored", "return activations.relu(x, self.negative_slope, self.max_value, self.threshold)", "return activations.relu(x, self.negative_slope, self.max_value)"),
            ("relu: slope ignored", "return activations.relu(x, self.negative_slope, self.max_value, self.threshold)", "return activations.relu(x, 0.0, self.max_value, self.threshold)")),
    *_group(ACT, "test_relu.py",
            ("relu: slope from zero instead of the threshold", "negative_slope * np.minimum(x - threshold, 0)", "negative_slope * np.minimum(x, 0)")),
    *_group("layers/leaky_relu.py", "test_leaky_relu.py",
            ("leaky relu: its slope ignored", "return activations.leaky_relu(x, self.negative_slope)", "return activations.leaky_relu(x)")),
    *_group("layers/rescaling.py", "test_rescaling.py",
            ("rescaling: offset first", "return x * self.scale.astype(x.dtype) + self.offset.astype(x.dtype)", "return (x + self.offset.astype(x.dtype)) * self.scale.astype(x.dtype)"),
            ("rescaling: float64", "return x * self.scale.astype(x.dtype) + self.offset.astype(x.dtype)", "return x * (self.scale + np.zeros(1)) + self.offset")),
    # BatchNormalization.
    *_group(
        "layers/batch_normalization.py",
        "test_batch_normalization.py",
        ("batch norm: epsilon outside the root", "scale = 1 / np.sqrt(variance + self.epsilon)", "scale = 1 / (np.sqrt(variance) + self.epsilon)"),
        ("batch norm: epsilon 1e-5", "scale = 1 / np.sqrt(variance + self.epsilon)", "scale = 1 / np.sqrt(variance + 1e-5)"),
        ("batch norm: batch statistics at inference", "scale = 1 / np.sqrt(variance + self.epsilon)", "others = tuple(a for a in range(x.ndim) if a != self.axis % x.ndim)\n        mean, variance = x.mean(others, keepdims=True), x.var(others, keepdims=True)\n        scale = 1 / np.sqrt(variance + self.epsilon)"),
        ("batch norm: gamma and beta swapped", "gamma = weights.take(\"gamma\", channels) if options.flag(\"scale\", True) else None\n        beta = weights.take(\"beta\", channels) if options.flag(\"center\", True) else None", "beta = weights.take(\"gamma\", channels) if options.flag(\"scale\", True) else None\n        gamma = weights.take(\"beta\", channels) if options.flag(\"center\", True) else None"),
        ("batch norm: mean and variance swapped", "mean, variance = (np.asarray(a", "variance, mean = (np.asarray(a"),
        ("batch norm: axis ignored where sizes allow", "shape[self.axis] = -1", "shape[-1 if len(self.moving_mean) == x.shape[-1] else self.axis] = -1"),
        ("batch norm: beta missing", "return y if self.beta is None else", "return y if True else"),
    ),
    # Shapes.
    *_group("layers/flatten.py", "test_flatten.py",
            ("flatten: in the wrong order", "return x.reshape(len(x), -1)", "return x.reshape(len(x), -1, order='F')"),
            ("flatten: channels first ignored", "x = to_channels_last(x, self.data_format)", "pass")),
    *_group("layers/reshape.py", "test_reshape.py",
            ("reshape: in the wrong order", "return x.reshape([-1 if n is None else n for n in shape])", "return x.reshape([-1 if n is None else n for n in shape], order='F')")),
    # Dropout.
    *_group("layers/dropout.py", "test_dropout.py",
            ("dropout: active at inference", "self.noise_shape, self.training = rate, noise_shape, False", "self.noise_shape, self.training = rate, noise_shape, True"),
            ("dropout: without rescaling", "return np.where(keep, x / max(1 - self.rate, np.finfo(x.dtype).tiny), np.zeros_like(x))", "return np.where(keep, x, np.zeros_like(x))"),
            ("dropout: rate and 1 - rate swapped", "keep = self._random.random(drawn) >= self.rate", "keep = self._random.random(drawn) < self.rate"),
            ("dropout: one draw for a whole row", "drawn = [size if n is None else n", "shape = (*shape[:-1], 1)\n        drawn = [size if n is None else n"),
            ("dropout: argument ignored", "if not (self.training if training is None else training)", "if not self.training")),
    *_group("layers/inference_identity.py", "test_dropout_variants.py",
            ("dropout variants: scaled at inference", "return x\n", "return x * x.dtype.type(0.9)\n")),
    # Text.
    *_group("layers/text_vectorization.py", "test_text_vectorization.py",
            ("text: unknown token is 0", "[place or 0 for place in line[:length]]", "[0 if place == 1 else place or 0 for place in line[:length]]"),
            ("text: ids off by one", "[place or 0 for place in line[:length]]", "[(place or -1) + 1 for place in line[:length]]"),
            ("text: longer n-grams first", "for w in self.ngrams for n", "for w in self.ngrams[::-1] for n"),
            ("text: last n-gram missing", "range(len(tokens) - w + 1)", "range(max(len(tokens) - w, 0))"),
            ("text: lowers all of Unicode", "data = data.lower()  # of bytes: ASCII letters alone", "data = data.decode().lower().encode()"),
            ("text: splits at any white space", "return data.split()", "return [part.encode() for part in data.decode().split()]"),
            ("text: padded in front", "row[: len(line)] = [place or 0 for place in line[:length]]", "row[length - len(line[:length]) :] = [place or 0 for place in line[:length]]"),
            ("text: cut in front", "for place in line[:length]]", "for place in line[-length:]]"),
            ("text: punctuation kept", "data = data.translate(None, _PUNCTUATION)", "pass")),
]  # fmt: skip
