"""TextVectorization: text in, token ids out, or what is counted of them."""

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ConfigError, InputError, UnsupportedError
from ..spec import Shape
from .base import Array, Layer, register
from .index_lookup import Index, read_index
from .options import Options, Weights
from .string_lookup import texts

STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation", None)
SPLIT = ("whitespace", "character", None)
_PUNCTUATION = string.punctuation.encode()


@register("TextVectorization")
class TextVectorization(Layer):
    """Texts (batch,) or (batch, 1) to ids (batch, length) of int64, or to vectors (batch, depth).

    Like TensorFlow, it lowers ASCII letters, strips ASCII punctuation and splits at ASCII white space only: the
    work is done on UTF-8 bytes, where "É" stays "É" and a no-break space is part of its word.

    Source: https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/

    Args:
        vocabulary: the tokens, id by id, with "" for 0 (padding) and "[UNK]" for 1 in front.
        standardize: what is done to a text first.
        split: 'whitespace', 'character', or None for one token a text.
        output_sequence_length: length that every row is cut or padded to; None: the longest of the batch.
        ngrams: the widths of the runs of tokens that take the tokens' place, width by width; None: single tokens.
        index: the vocabulary for other outputs than ids, instead of the list.
    """

    bound = "exact"
    computes = False

    def __init__(
        self,
        vocabulary: Sequence[str] = ("",),
        *,
        standardize: str | None = "lower_and_strip_punctuation",
        split: str | None = "whitespace",
        output_sequence_length: int | None = None,
        ngrams: Sequence[int] | None = None,
        index: Index | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=np.int64)
        if list(vocabulary[:1]) != [""]:
            raise ConfigError(f"{self.label}: vocabulary: expected '' for padding first, got {vocabulary[:1]!r}")
        self.index = index or Index(tuple(vocabulary[2:]), mask_token="")
        self.standardize, self.split = standardize, split
        self.output_sequence_length = output_sequence_length
        self.ngrams = None if ngrams is None else tuple(ngrams)

    @property
    def vocabulary(self) -> list[str]:
        """The tokens, id by id."""
        return [""] * self.index.oov_start + ["[UNK]", *map(str, self.index.tokens)]

    def mixes_samples(self, input_shape: Shape) -> bool:
        """Whether the rows become as long as the longest of the batch."""
        return self.output_sequence_length is None and self.index.output_mode == "int"

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "TextVectorization":
        """Build from Keras's TextVectorization config and the vocabulary that was saved with it."""
        options.only("ragged", False)
        options.only("encoding", "utf-8", "UTF-8")
        index = read_index(options, weights, str, mask_token="", oov_token="[UNK]", oov_indices=1)
        if index.output_mode == "one_hot":
            raise UnsupportedError(
                f"{options.layer}: option 'output_mode': 'one_hot' gives rows of several lengths"
            )
        length, split = options.raw("output_sequence_length", None), options.choice("split", SPLIT, SPLIT[0])
        if split is None:
            options.only("ngrams", None)  # they would run across the texts of the batch
        return cls(
            standardize=options.choice("standardize", STANDARDIZE, STANDARDIZE[0]),
            split=split,
            output_sequence_length=None if length is None else options.integer("output_sequence_length"),
            ngrams=_ngrams(options),
            index=index,
        )

    def tokens(self, text: str | bytes) -> list[bytes]:
        """The tokens of one text, as UTF-8."""
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            data = data.lower()  # of bytes: ASCII letters alone
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            data = data.translate(None, _PUNCTUATION)
        if self.split == "whitespace":
            return data.split()
        if self.split == "character":
            return [character.encode() for character in data.decode(errors="replace")]
        return [data]

    def runs(self, tokens: list[bytes]) -> list[bytes]:
        """The n-grams of the tokens, all of one width before those of the next."""
        if self.ngrams is None:
            return tokens
        return [b" ".join(tokens[n : n + w]) for w in self.ngrams for n in range(len(tokens) - w + 1)]

    def forward(self, x: Any) -> Array:
        """Texts to ids or vectors: (batch,) or (batch, 1) of str -> (batch, length) of int64, or (batch, depth).

        Where nothing splits the texts, the ids have the shape of the texts.

        Raises:
            InputError: no texts, or another rank.
        """
        given = texts(x, self.label)
        if given.ndim == 0 or given.shape[1:] not in ((), (1,)):
            raise InputError(f"{self.label}: expected shape (batch,) or (batch, 1), got {given.shape}")
        whole_batch = self.output_sequence_length is not None or self.index.output_mode != "int"
        if self.split is None and given.ndim == 1 and whole_batch:  # Keras would cut or count the batch itself
            raise InputError(f"{self.label}: without split expected shape (batch, 1), got {given.shape}")
        tokens = [self.runs(self.tokens(text)) for text in given.flat]
        rows = [[self.index.id(token.decode(errors="surrogateescape")) for token in row] for row in tokens]
        if self.index.output_mode != "int":
            return self.index.vectors(rows)
        if self.split is None and given.ndim == 1:
            return np.array(rows, np.int64)[:, 0]
        length = self.output_sequence_length or max(map(len, rows))
        ids = np.zeros((len(rows), length), np.int64)
        for row, line in zip(ids, rows, strict=True):
            row[: len(line)] = [place or 0 for place in line[:length]]
        return ids

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, length), None where the length depends on the texts; or (batch, depth)."""
        if self.index.output_mode != "int":
            return (input_shape[0], self.index.depth)
        if self.split is None and self.output_sequence_length is None:
            return input_shape
        return (input_shape[0], self.output_sequence_length)


def _ngrams(options: Options) -> tuple[int, ...] | None:
    """The widths: one number stands for all up to it."""
    given = options.raw("ngrams", None)
    widths = given if isinstance(given, list | tuple) else [given]
    if given is None:
        return None
    if not widths or any(type(width) is not int or width < 1 for width in widths):
        raise ConfigError(f"{options.layer}: option 'ngrams': expected positive integers, got {given!r}")
    return tuple(widths) if isinstance(given, list | tuple) else tuple(range(1, given + 1))
