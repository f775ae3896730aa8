"""TextVectorization: text in, token ids out."""

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ConfigError, InputError
from ..spec import Shape
from .base import Array, Layer, register
from .options import Options, Weights

STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation", None)
SPLIT = ("whitespace", "character", None)
_PUNCTUATION = string.punctuation.encode()


@register("TextVectorization")
class TextVectorization(Layer):
    """Texts (batch,) or (batch, 1) to ids (batch, length) of int64; id 0 is padding, 1 an unknown token.

    Like TensorFlow, it lowers ASCII letters, strips ASCII punctuation and splits at ASCII white space only: the
    work is done on UTF-8 bytes, where "É" stays "É" and a no-break space is part of its word.

    Source: https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/

    Args:
        vocabulary: the tokens, id by id, with "" for 0 and "[UNK]" for 1 in front.
        standardize: what is done to a text first.
        split: 'whitespace', 'character', or None for one token a text.
        output_sequence_length: length that every row is cut or padded to; None: the longest of the batch.
    """

    bound = "exact"
    computes = False

    def __init__(
        self,
        vocabulary: Sequence[str],
        *,
        standardize: str | None = "lower_and_strip_punctuation",
        split: str | None = "whitespace",
        output_sequence_length: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=np.int64)
        if list(vocabulary[:1]) != [""]:
            raise ConfigError(f"{self.label}: vocabulary: expected '' for padding first, got {vocabulary[:1]!r}")
        self.vocabulary = list(vocabulary)
        self.standardize, self.split = standardize, split
        self.output_sequence_length = output_sequence_length
        self._ids = {token.encode(): place for place, token in enumerate(self.vocabulary) if place > 1}

    @classmethod
    def from_config(cls, options: Options, weights: Weights, input_shape: Shape) -> "TextVectorization":
        """Build from Keras's TextVectorization config and the vocabulary that was saved with it."""
        options.only("output_mode", "int")
        for key in ("ngrams", "idf_weights"):
            options.only(key, None)
        for key in ("ragged", "sparse"):
            options.only(key, False)
        options.only("encoding", "utf-8", "UTF-8")
        for key in ("max_tokens", "pad_to_max_tokens", "vocabulary_size", "has_input_vocabulary"):
            options.inert(key)  # how the vocabulary is gathered, and notes of its size
        vocabulary = options.assets.get("vocabulary")
        listed = options.raw("vocabulary", None)
        if not isinstance(listed, list | str | None):  # a text is the path of a file, of Keras's machine
            raise ConfigError(f"{options.layer}: option 'vocabulary': expected a list of tokens, got {listed!r}")
        if vocabulary is None and isinstance(listed, list):
            # What the constructor was given may lack the two tokens that Keras puts in front.
            vocabulary = listed if listed[:2] == ["", "[UNK]"] else ["", "[UNK]", *listed]
        if vocabulary is None:
            raise ConfigError(
                f"{options.layer}: the file holds no vocabulary (Keras saves it in .keras files, not in .h5)"
            )
        length = options.raw("output_sequence_length", None)
        return cls(
            vocabulary,
            standardize=options.choice("standardize", STANDARDIZE, STANDARDIZE[0]),
            split=options.choice("split", SPLIT, SPLIT[0]),
            output_sequence_length=None if length is None else options.integer("output_sequence_length"),
        )

    def tokens(self, text: str | bytes) -> list[bytes]:
        """The tokens of one text, as UTF-8."""
        data = text.encode() if isinstance(text, str) else text
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            data = data.lower()  # of bytes: ASCII letters alone
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            data = data.translate(None, _PUNCTUATION)
        if self.split == "whitespace":
            return data.split()
        if self.split == "character":
            return [character.encode() for character in data.decode(errors="replace")]
        return [data]

    def forward(self, x: Any) -> Array:
        """Texts to ids: (batch,) or (batch, 1) of str -> (batch, length) of int64.

        Where nothing splits the texts, the ids have the shape of the texts.

        Raises:
            InputError: no texts, or another rank.
        """
        texts = np.asarray(x)
        if texts.dtype.kind not in "USTO" or not all(isinstance(text, str | bytes) for text in texts.flat):
            raise InputError(f"{self.label}: expected texts, got dtype {texts.dtype}")
        if texts.size == 0 or texts.ndim > 2 or texts.shape[1:] not in ((), (1,)):
            raise InputError(f"{self.label}: expected shape (batch,) or (batch, 1), got {texts.shape}")
        rows = [
            [self._ids.get(token, 0 if not token else 1) for token in self.tokens(text)] for text in texts.flat
        ]
        if self.split is None and texts.ndim == 1:
            if self.output_sequence_length is not None:  # Keras would cut the batch itself to that length
                raise InputError(f"{self.label}: without split expected shape (batch, 1), got {texts.shape}")
            return np.array(rows, np.int64)[:, 0]
        length = self.output_sequence_length or max(map(len, rows))
        ids = np.zeros((len(rows), length), np.int64)
        for row, line in zip(ids, rows, strict=True):
            row[: len(line)] = line[:length]
        return ids

    def output_shape(self, input_shape: Shape) -> Shape:
        """(batch, length), None where the length depends on the texts."""
        if self.split is None and self.output_sequence_length is None:
            return input_shape
        return (input_shape[0], self.output_sequence_length)
