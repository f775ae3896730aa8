"""Text to token ids exactly as Keras's `TextVectorization` does it by default.

Keras lower-cases, strips punctuation and splits on whitespace, all on ASCII only (TensorFlow's
string operations work on bytes), so the work is done on UTF-8 bytes here too.
Source: https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..layers.text_vectorization import TextVectorization

UNKNOWN_ID = 1
FIRST_TOKEN_ID = 2
_TOKENIZER = TextVectorization([""])


def tokenize(text: str) -> list[str]:
    """Return the tokens of a text: lower case (ASCII), without punctuation, split on whitespace."""
    return [token.decode("utf-8") for token in _TOKENIZER.tokens(text)]


def build_vocabulary(texts: Iterable[str], max_tokens: int = 20_000) -> tuple[str, ...]:
    """Return the tokens of the texts, most frequent first, ties in descending order of the token.

    Ids 0 (padding) and 1 (unknown) have no entry: token i of the result has id i + 2, and
    `max_tokens` counts those two as Keras does.
    """
    counts = Counter(token for text in texts for token in tokenize(text))
    ranked = sorted(counts, key=lambda token: (counts[token], token.encode("utf-8")), reverse=True)
    return tuple(ranked[: max_tokens - FIRST_TOKEN_ID])


def vocabulary_size(vocabulary: Sequence[str]) -> int:
    """Return the number of ids an Embedding needs: the tokens, padding and unknown."""
    return len(vocabulary) + FIRST_TOKEN_ID


def vectorize(texts: Sequence[str], vocabulary: Sequence[str], sequence_length: int) -> np.ndarray:
    """Return the token ids of the texts, cut or padded at the end with 0.

    Returns:
        (texts, sequence_length) int32.
    """
    layer = TextVectorization(["", "[UNK]", *vocabulary], output_sequence_length=sequence_length)
    return layer.forward(np.array(texts, dtype=object)).astype(np.int32)


def write_vocabulary(path: Path, vocabulary: Sequence[str]) -> None:
    """Write one token a line (UTF-8), without the entries of padding and unknown."""
    path.write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8", newline="\n")


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """Return the tokens of a file that `write_vocabulary` wrote.

    Raises:
        DataError: the file cannot be read, or has an empty or repeated token.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a vocabulary: {error}") from error
    # Not splitlines(): a token may hold characters that Unicode counts as line ends.
    tokens = tuple(text.removesuffix("\n").split("\n"))
    if "" in tokens or len(set(tokens)) != len(tokens):
        raise DataError(f"{path}: expected distinct tokens, one a line; received an empty or repeated one")
    return tokens
