"""Mutants of `general` that no test can tell from the source, each with the reason."""
# ruff: noqa: E501 - the names are made of lines of the source

EQUIVALENT: dict[str, str] = {
    "bidirectional.py: np.concatenate([c_ahead, c_back], axis=-1), -> np.concatenate([c_ahead, c_back], axis=1),": (
        "states are (batch, units), whose last axis is axis 1"
    ),
    'embedding.py: if ids.dtype.kind == "f": -> if ids.dtype.kind >= "f":': (
        "whole numbers, of kind i and u, are asked too whether they are whole, and are"
    ),
    "group_normalization.py: split, axes = self.in_groups(given.astype(np.result_type(given, np.float32), copy=False)) -> split, axes = self.in_groups(given.astype(np.result_type(given, np.float32), copy=True))": (
        "a copy has the same numbers, and nothing writes to them"
    ),
    "index_lookup.py: if known is not None or self.oov_indices == 0: -> if known is not None or self.oov_indices <= 0:": (
        "there are never fewer than 0"
    ),
    "index_lookup.py: if len(set(known)) < len(known) or (mask_token is not None and mask_token in known): -> if len(set(known)) != len(known) or (mask_token is not None and mask_token in known):": (
        "a set never holds more than the list it is made of"
    ),
    "lstm.py: i, f, g, o = np.split(z + h @ np.asarray(self.U, z.dtype), 4, axis=-1) -> i, f, g, o = np.split(z + h @ np.asarray(self.U, z.dtype), 4, axis=+1)": (
        "in one step z is (batch, 4 * units), whose last axis is axis 1"
    ),
    "merge.py: output_mask = None if mask is None or output_mask is None else output_mask | mask -> output_mask = None if mask is None or output_mask is None else output_mask + mask": (
        "the sum of two truth values is true where either is"
    ),
    "normalization.py: shape = (1,) * (len(axes) - arrays[0].ndim) + arrays[0].shape -> shape = (1,) * (len(axes) - arrays[0].ndim) + arrays[ -1].shape": (
        "the two arrays have one shape, or were refused above"
    ),
    "options.py: valid = all(type(axis) is int and -rank <= axis < rank and axis % rank for axis in axes) -> valid = all(type(axis) == int and -rank <= axis < rank and axis % rank for axis in axes)": (
        "a type equals itself alone"
    ),
    'pooling.py: first = self.data_format == "channels_first" -> first = self.data_format <= "channels_first"': (
        "'channels_last', the only other value, sorts behind"
    ),
    'pooling.py: start = 2 if self.data_format == "channels_first" else 1 -> start = 2 if self.data_format <= "channels_first" else 1': (
        "'channels_last', the only other value, sorts behind"
    ),
    "recurrent.py:  -> def take_options(options: Options) -> dict[str, Any]:": (
        "called on the class alone, a function is as good without @staticmethod"
    ),
    "rms_normalization.py: for axis, size in zip(self.axes, self.scale.shape, strict=True): -> for axis, size in zip(self.axes, self.scale.shape, strict=False):": (
        "from a config there are as many axes as sizes: the scale was taken in that shape"
    ),
    "rms_normalization.py: if sorted(axis % len(input_shape) for axis in axes)[0] != len(input_shape) - len(axes): -> if sorted(axis % len(input_shape) for axis in axes)[0] < len(input_shape) - len(axes):": (
        "the first of n different axes has n - 1 behind it, so it is never later than the n-th from the end"
    ),
    "text_vectorization.py: if self.split is None and given.ndim == 1 and whole_batch:  # Keras would cut or count the batch itself -> if self.split is None and given.ndim <= 1 and whole_batch:  # Keras would cut or count the batch itself": (
        "a text alone, of rank 0, was refused above"
    ),
    "transposed_convolution.py: reach = [(n - 1) * s + effective_size(k, d) for n, (_, k, s, d) in zip(spatial, geometry, strict=True)] -> reach = [(n - 1) * s << effective_size(k, d) for n, (_, k, s, d) in zip(spatial, geometry, strict=True)]": (
        "for n above 1 there is more room than needed; for 1, what has none lies in the padding, which is cut off"
    ),
    "dot.py: left = first.reshape(len(first), -1, first.shape[-1])  # (batch, a·b, n) -> left = first.reshape(len(first), - 2, first.shape[-1])  # (batch, a·b, n)": (
        "NumPy takes any size below 0 for the one to work out"
    ),
    'encoding.py: if mode == "one_hot" and ids.shape[-1] == 1: -> if mode >= "one_hot" and ids.shape[-1] == 1:': (
        "of the modes, 'one_hot' sorts last"
    ),
    "embedding.py: wrong |= ids != np.floor(ids) -> wrong |= ids > np.floor(ids)": (
        "a floor is never above its number; NaN is out of range already"
    ),
    "merge.py: if count != (count if self.inputs is None else self.inputs) or not count: -> if count is not (count if self.inputs is None else self.inputs) or not count:": (
        "self.inputs is None or 2, and CPython has one object for each small number"
    ),
    "merge.py: return [array.astype(dtype, copy=False) for array in arrays] -> return [array.astype(dtype, copy=True) for array in arrays]": (
        "a copy has the same numbers, and nothing writes to them"
    ),
    "operation_shapes.py: if len(set(map(len, xs))) > 1: -> if len(set(map(len, xs))) != 1:": (
        "there is a first operand, whose rank was asked before"
    ),
    "reshape.py: return (input_shape[0], *(size // known if n == -1 else n for n in self.target_shape)) -> return (input_shape[0], *(size // known if n is -1 else n for n in self.target_shape))": (
        "CPython has one object for each small number, -1 too"
    ),
    "reshape.py: known = math.prod(n for n in self.target_shape if n != -1) -> known = math.prod(n for n in self.target_shape if n is not -1)": (
        "CPython has one object for each small number, -1 too"
    ),
    "softmax.py: keep, lowest = np.asarray(mask, bool), -3e4 if x.dtype == np.float16 else -1e9 -> keep, lowest = np.asarray(mask, bool), -3e4 if x.dtype <= np.float16 else -1e9": (
        "of the float dtypes float16 alone is not above float16"
    ),
    "reshape.py: return (input_shape[0], *(size // known if n == -1 else n for n in self.target_shape)) -> return (input_shape[0], *(size // known if n <= -1 else n for n in self.target_shape))": (
        "the constructor lets no other size below 0 in"
    ),
    "dot.py: for axis, shape in zip(pair, shapes, strict=True): -> for axis, shape in zip(pair, shapes, strict=False):": (
        "there are two axes, and two inputs or an error before"
    ),
    "index_lookup.py: if array.size == 0: -> if array.size <= 0:": "there are never fewer than 0",
    'base.py:  -> def from_config(cls, options: Options, weights: Weights, input_shape: Any) -> "Layer":': (
        "every layer has its own; this one only raises"
    ),
    "gru.py: sums = np.split(z[:, :gates] + inner[:, :gates], 2, axis=-1) -> sums = np.split(z[:, :gates] + inner[:, :gates], 2, axis=+1)": (
        "in one step z is (batch, 3 * units), whose last axis is axis 1"
    ),
    "multiply.py: if len(known) < len(kept): -> if len(known) is not len(kept):": (
        "known is a part of kept, and CPython has one object for each small number"
    ),
    "depthwise_convolution.py: filters = kernel.reshape(-1, *kernel.shape[-2:])  # (taps, channels, multiplier) -> filters = kernel.reshape(- 2, *kernel.shape[-2:])  # (taps, channels, multiplier)": (
        "NumPy takes any size below 0 for the one to work out"
    ),
    "batch_normalization.py: shape[self.axis] = -1 -> shape[self.axis] = ~1": "NumPy takes any size below 0 for the one to work out",
    "flatten.py: if x.ndim > 1: -> if x.ndim != 1:": "an array of rank 0 was refused above",
    "lstm.py: return tuple(array[0] for array in result) if isinstance(result, tuple) else result[0] -> return tuple(array[ -1] for array in result) if isinstance(result, tuple) else result[0]": (
        "there is one sequence, the first and the last"
    ),
    "text_vectorization.py: if not widths or any(type(width) is not int or width < 1 for width in widths): -> if not widths or any(type(width) != int or width < 1 for width in widths):": (
        "a type equals itself alone"
    ),
    "index_lookup.py: shape = tokens.shape[:-1] if tokens.ndim > 1 and tokens.shape[-1] == 1 else tokens.shape -> shape = tokens.shape[:-1] if tokens.ndim != 1 and tokens.shape[-1] == 1 else tokens.shape": (
        "a token alone, of rank 0, was made a sample of one above"
    ),
    "operation_functions.py: return np.asarray(np.einsum(subscripts, *operands, optimize=len(operands) > 2)) -> return np.asarray(np.einsum(subscripts, *operands, optimize=len(operands) >= 2))": (
        "two operands make one product, in whatever order"
    ),
    "attention.py: return 65504.0 if dtype == np.float16 else 1e9 -> return 65505.0 if dtype == np.float16 else 1e9": (
        "65505 is rounded to 65504, the largest number of float16"
    ),
    "attention.py: allowed = causal if allowed is None else allowed & causal -> allowed = causal if allowed is None else allowed * causal": (
        "the product of two truth values is true where both are"
    ),
    "operation_shapes.py: total = sum(times) if len(times) > 1 else None if size is None else size * times[0] -> total = sum(times) if len(times) > 1 else None if size is None else size * times[ -1]": (
        "there is one number there"
    ),
    "operation_shapes.py: if len(order) != len(x): -> if len(order) < len(x):": (
        "axes that are there, each once, are never more than there are"
    ),
    "multi_head_attention.py: MASKED_SCORE, MASKED_SCORE_HALF, MASKED_SCORE_OPERATION = -1e9, -3e4, -0.7 * 3.38953e38 -> MASKED_SCORE, MASKED_SCORE_HALF, MASKED_SCORE_OPERATION = - 1000000001.0, -3e4, -0.7 * 3.38953e38": (
        "the share of a score so far below the others is 0 with either, and rows of none are put to 0"
    ),
    "operations.py: of_truth_values = array.dtype == np.int8 and not sizes -> of_truth_values = array.dtype is not np.int8 and not sizes": (
        "of truth values alone NumPy makes whole numbers of 8 or of 64 bits, none between"
    ),
}
