"""What the lookup layers share: tokens to ids, and ids to counts."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ConfigError, InputError, UnsupportedError
from ..spec import Shape
from .base import Array, Layer
from .options import Options, Weights

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


@dataclass(frozen=True)
class Index:
    """Tokens and their ids: the mask token is 0, then come unknown tokens, then the known ones.

    Attributes:
        tokens: the known tokens, without the special ones.
        mask_token: what stands for nothing, or None; where the output is no list of ids it is left out of it.
        oov_token: what stands for unknown tokens.
        oov_indices: how many ids unknown tokens share.
        output_mode: 'int' for ids, or how a sample's ids become one vector.
        depth: length of that vector.
        idf_weights: (depth,) for 'tf_idf'.
    """

    tokens: Sequence[Hashable]
    mask_token: Any = None
    oov_token: Any = "[UNK]"
    oov_indices: int = 1
    output_mode: str = "int"
    depth: int = 0
    idf_weights: Array | None = None
    ids: Mapping[Hashable, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", {token: self.start + n for n, token in enumerate(self.tokens)})

    @property
    def oov_start(self) -> int:
        """The first id of unknown tokens."""
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def start(self) -> int:
        """The first id of a known token."""
        return self.oov_start + self.oov_indices

    def id(self, token: Hashable) -> int | None:
        """The id of a token; None for a mask token that is left out, -1 for an unknown one without an id."""
        if self.mask_token is not None and token == self.mask_token:
            return 0 if self.output_mode == "int" else None
        known = self.ids.get(token)
        if known is not None or self.oov_indices == 0:
            return -1 if known is None else known
        several = self.oov_indices > 1 and isinstance(token, int)  # texts have one id here, see `read_index`
        return self.oov_start + (token % self.oov_indices if several and isinstance(token, int) else 0)

    def vectors(self, rows: Sequence[Iterable[int | None]]) -> Array:
        """The rows of ids as counts, as 0 or 1, or as counts times the inverse document frequencies."""
        counts = np.zeros((len(rows), self.depth), np.int64)
        for count, row in zip(counts, rows, strict=True):
            for place in row:
                if place is not None:
                    count[place] += 1
        if self.output_mode == "tf_idf":
            return counts.astype(np.float32) * np.asarray(self.idf_weights, np.float32)
        return counts if self.output_mode == "count" else np.minimum(counts, 1)


def read_index(
    options: Options,
    weights: Weights,
    kind: type,
    mask_token: Any,
    oov_token: Any,
    oov_indices: int,
) -> Index:
    """The index of a lookup layer, from its config and from the vocabulary that was saved with it.

    Raises:
        ConfigError: no vocabulary, repeated or special tokens in it, or numbers that do not fit it.
        UnsupportedError: sparse output, or unknown texts spread over several ids by a hash.
    """
    options.only("sparse", False)
    mode = options.choice("output_mode", (*OUTPUT_MODES, "binary", "tf-idf"), "int")
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(mode, mode)
    if oov_indices > 1 and kind is not int:
        raise UnsupportedError(
            f"{options.layer}: option 'num_oov_indices': expected 0 or 1 (Keras spreads unknown texts by "
            f"TensorFlow's hash), got {oov_indices}"
        )
    for key in ("vocabulary_size", "has_input_vocabulary"):
        options.inert(key)  # notes of what the vocabulary itself tells
    empty = Index((), mask_token, oov_token, oov_indices, mode)
    special = [mask_token] * empty.oov_start + [oov_token] * oov_indices
    tokens = _vocabulary(options, kind, special)
    known = tokens[len(special) :] if tokens[: len(special)] == special else tokens
    if len(set(known)) < len(known) or (mask_token is not None and mask_token in known):
        raise ConfigError(f"{options.layer}: option 'vocabulary': a token twice, or the mask token among them")
    most, size = options.raw("max_tokens", None), empty.start + len(known)
    padded = options.flag("pad_to_max_tokens", False) and mode != "int"
    if most is not None:
        options.integer("max_tokens", minimum=2)
    if padded and (most is None or most < size):
        raise ConfigError(f"{options.layer}: option 'max_tokens': expected {size} or more, got {most!r}")
    depth = most if padded else size
    idf = _idf_weights(options, weights, mode, len(tokens), size, depth) if mode == "tf_idf" else None
    if mode != "tf_idf":
        options.only("idf_weights", None)
    return Index(tuple(known), mask_token, oov_token, oov_indices, mode, depth, idf)


def _vocabulary(options: Options, kind: type, special: list[Any]) -> list[Any]:
    listed, saved = options.raw("vocabulary", None), options.asset("vocabulary")
    if not isinstance(listed, list | tuple | str | None):  # a text is the path of a file on another machine
        raise ConfigError(f"{options.layer}: option 'vocabulary': expected a list of tokens, got {listed!r:.200}")
    tokens = listed if isinstance(listed, list | tuple) else saved
    if tokens is None:
        raise ConfigError(
            f"{options.layer}: the file holds no vocabulary (Keras saves it in .keras files, not in .h5)"
        )
    try:
        read = [kind(token) if token is not None else None for token in tokens]
    except (TypeError, ValueError):
        raise ConfigError(f"{options.layer}: option 'vocabulary': expected a list, got {tokens!r:.200}") from None
    if kind is str and not all(isinstance(token, str) for token in tokens):
        raise ConfigError(f"{options.layer}: option 'vocabulary': expected texts, got {tokens!r:.200}")
    return read


def _idf_weights(options: Options, weights: Weights, mode: str, given: int, size: int, depth: int) -> Array:
    """The inverse document frequencies, in the file's weights, in its assets or in the config."""
    listed = options.raw("idf_weights", None)
    if len(weights):
        found = weights.take("idf_weights", (depth,))
        if len(weights):  # TextVectorization saves them twice, for itself and for the lookup layer inside it
            weights.take("idf_weights", (depth,))
        return found
    if (saved := options.asset("idf_weights")) is not None:
        return np.asarray(saved, np.float32)
    array = np.asarray(listed if listed is not None else [])
    if array.dtype.kind not in "fiu" or array.shape != (given,):
        raise ConfigError(f"{options.layer}: option 'idf_weights': expected {given} numbers, got {listed!r:.200}")
    # Unknown tokens, where the list has no weight for them, get the average.
    front = np.full(size - given, np.average(array))
    return np.concatenate([front, array, np.zeros(depth - size)]).astype(np.float32)


class IndexLookup(Layer):
    """Tokens of any shape to ids, or the other way round, or samples to vectors.

    Attributes:
        index: the tokens and what is known of them.
        invert: whether ids go in and tokens come out.
    """

    bound = "exact"
    computes = False
    kind: type = str

    def __init__(self, index: Index, *, invert: bool = False, name: str | None = None) -> None:
        super().__init__(name=name, dtype=np.int64)
        self.index, self.invert = index, invert

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "IndexLookup":
        """Build from Keras's config of a lookup layer."""
        options.only("encoding", "utf-8", "UTF-8")
        options.only("salt", None)
        options.only("oov_method", "floormod")
        options.only("vocabulary_dtype", "int64" if cls.kind is int else "string")
        tokens = {}
        for key, default in (("mask_token", None), ("oov_token", -1 if cls.kind is int else "[UNK]")):
            tokens[key] = options.raw(key, default)
            if type(tokens[key]) not in (cls.kind, type(None)):
                raise ConfigError(
                    f"{options.layer}: option {key!r}: expected {cls.kind.__name__} or null, got {tokens[key]!r}"
                )
        indices = options.integer("num_oov_indices", 1, minimum=0)
        index = read_index(options, weights, cls.kind, oov_indices=indices, **tokens)
        invert = options.flag("invert", False)
        if invert and index.output_mode != "int":
            raise ConfigError(f"{options.layer}: option 'invert': expected false with output_mode other than int")
        return cls(index, invert=invert)

    def get_vocabulary(self) -> list[Any]:
        """The tokens, id by id, with the special ones in front."""
        special = [self.index.mask_token] * self.index.oov_start + [self.index.oov_token] * self.index.oov_indices
        return [*special, *self.index.tokens]

    def tokens(self, x: Any) -> Array:
        """The input as an array of tokens.

        Raises:
            InputError: other things than tokens, or none.
        """
        raise NotImplementedError

    def forward(self, x: Any) -> Array:
        """Look up each element.

        Args:
            x: tokens of any shape (ids, where the layer is inverted).

        Returns:
            ids of int64 in the shape of x; for other output modes (batch, depth), or (..., depth) for 'one_hot';
            tokens where the layer is inverted.

        Raises:
            InputError: an unknown token where unknown tokens have no id; no tokens; a shape that no vector has.
        """
        if self.invert:
            return self._invert(whole_numbers(x, self.label))
        tokens = self.tokens(x)
        found = [self.index.id(token) for token in tokens.ravel().tolist()]
        if -1 in found:
            unknown = tokens.ravel().tolist()[found.index(-1)]
            raise InputError(
                f"{self.label}: expected tokens of the vocabulary (it has no id for others), got {unknown!r}"
            )
        if self.index.output_mode == "int":
            return np.array(found, np.int64).reshape(tokens.shape)
        tokens = np.atleast_1d(tokens)  # a token alone is a sample of one
        if self.index.output_mode == "one_hot":
            shape = tokens.shape[:-1] if tokens.ndim > 1 and tokens.shape[-1] == 1 else tokens.shape
            return self.index.vectors([[place] for place in found]).reshape(*shape, self.index.depth)
        if tokens.ndim > 2:
            raise InputError(f"{self.label}: expected shape (batch, tokens) or (tokens,), got {tokens.shape}")
        width = tokens.shape[-1]
        rows = [found[start : start + width] for start in range(0, len(found), width)]
        return self.index.vectors(rows).reshape(*tokens.shape[:-1], self.index.depth)

    def _invert(self, ids: Array) -> Array:
        names = dict(enumerate(self.index.tokens, start=self.index.start))
        if self.index.mask_token is not None:
            names[0] = self.index.mask_token
        found = [names.get(place, self.index.oov_token) for place in ids.ravel().tolist()]
        return np.array(found, np.int64 if self.kind is int else object).reshape(ids.shape)

    def mixes_samples(self, input_shape: Shape) -> bool:
        """Whether all ids of a batch are in one row."""
        return len(input_shape) == 1 and self.index.output_mode not in ("int", "one_hot")

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the ids, or (batch, depth), or (..., depth)."""
        mode, depth = self.index.output_mode, self.index.depth
        if mode == "int":
            return input_shape
        squeezed = mode != "one_hot" or (len(input_shape) > 1 and input_shape[-1] == 1)
        return (*(input_shape[:-1] if squeezed else input_shape), depth)


def whole_numbers(x: Any, label: str) -> Array:
    """x as int64.

    Raises:
        InputError: anything else than whole numbers, or nothing.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "iuf" or (array.dtype.kind == "f" and np.any(array != np.floor(array))):
        raise InputError(f"{label}: expected whole numbers, got dtype {array.dtype}")
    if array.size == 0:
        raise InputError(f"{label}: the input is empty: shape {array.shape}")
    return array.astype(np.int64)
