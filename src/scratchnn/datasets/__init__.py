"""The two data sets of the report, read from their official layouts.

A data folder holds `cifar-10-batches-py/` (the official Python archive, unpacked) and
`nusax/sentiment/indonesian/{train,valid,test}.csv` (as in the repository IndoNLP/nusax).
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from ..errors import DataError, UnknownNameError
from .cifar_pickle import load_cifar_pickle
from .text import build_vocabulary, read_vocabulary, vectorize

DatasetName = Literal["cifar10", "nusax"]
DATA_VARIABLE = "SCRATCHNN_DATA"
CIFAR10_FOLDER = "cifar-10-batches-py"
NUSAX_FOLDER = "nusax/sentiment/indonesian"
CIFAR10_LABELS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
NUSAX_LABELS = ("negative", "neutral", "positive")
LABELS: Mapping[DatasetName, tuple[str, ...]] = {"cifar10": CIFAR10_LABELS, "nusax": NUSAX_LABELS}
SEQUENCE_LENGTH = 100
MAX_TOKENS = 20_000
CIFAR10_TRAINING_IMAGES = 40_000
_CIFAR10_BATCH = 10_000


@dataclass(frozen=True)
class Split:
    """Inputs as the data set has them, and the labels.

    inputs: (rows, 32, 32, 3) uint8 pixels, or (rows, 100) int32 token ids. labels: (rows,) int64.
    """

    inputs: np.ndarray
    labels: np.ndarray

    def head(self, rows: int | None) -> Split:
        """Return the first rows; None means all."""
        return Split(self.inputs[:rows], self.labels[:rows])


@dataclass(frozen=True)
class TrainingData:
    """The three splits of one data set; `fingerprint` is the SHA-256 of what was read."""

    name: DatasetName
    train: Split
    validation: Split
    test: Split
    vocabulary: tuple[str, ...]
    fingerprint: str


def model_inputs(inputs: np.ndarray) -> np.ndarray:
    """Return what a model takes: pixels as float32 in [0, 1], token ids unchanged."""
    if inputs.dtype != np.uint8:
        return inputs
    pixels = inputs.astype(np.float32)
    pixels /= np.float32(255)  # in place: a split of images is large
    return pixels


def load_training_data(dataset: DatasetName, data_dir: Path | None = None) -> TrainingData:
    """Return train, validation and test split of a data set.

    Args:
        dataset: "cifar10" or "nusax".
        data_dir: the data folder; None means the folder that SCRATCHNN_DATA names.

    Raises:
        DataError: a file is missing or is not what the official source publishes.
    """
    loaders: dict[str, Callable[[Path], TrainingData]] = {"cifar10": _load_cifar10, "nusax": _load_nusax}
    if dataset not in loaders:
        raise UnknownNameError(f"data set: expected one of {', '.join(loaders)}, received {dataset!r}")
    return loaders[dataset](locate(dataset, data_dir))


def load_test_split(
    dataset: DatasetName,
    data_dir: Path | None = None,
    *,
    vocabulary: Path | None = None,
    limit: int | None = None,
    sequence_length: int = SEQUENCE_LENGTH,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the real test split as the golden models take it.

    Args:
        dataset: "cifar10" or "nusax".
        data_dir: the data folder; None means the folder that SCRATCHNN_DATA names.
        vocabulary: the vocabulary.txt beside the model; needed for "nusax".
        limit: how many rows from the start; None means all.
        sequence_length: token ids a row; for "nusax".

    Returns:
        (inputs, labels): float32 (rows, 32, 32, 3) in [0, 1] or int32 (rows, sequence_length);
        labels (rows,) int64.

    Raises:
        DataError: a file is missing or is not what the official source publishes.
    """
    folder = locate(dataset, data_dir)
    if dataset == "cifar10":
        split = _read_batch(folder / "test_batch").head(limit)
        return model_inputs(split.inputs), split.labels
    if vocabulary is None:
        raise DataError("nusax: expected the path of a vocabulary, received none")
    texts, labels = _read_csv(folder / "test.csv")
    ids = vectorize(texts[:limit], read_vocabulary(vocabulary), sequence_length)
    return ids, labels[:limit]


def locate(dataset: DatasetName, data_dir: Path | None = None) -> Path:
    """Return the folder of a data set's files.

    Raises:
        UnknownNameError: there is no such data set.
        DataError: no data folder was given, or it does not hold the data set.
    """
    if dataset not in get_args(DatasetName):
        known = ", ".join(get_args(DatasetName))
        raise UnknownNameError(f"data set: expected one of {known}, received {dataset!r}")
    if data_dir is None and os.environ.get(DATA_VARIABLE):
        data_dir = Path(os.environ[DATA_VARIABLE])
    if data_dir is None:
        raise DataError(f"no data folder: give --data DIR or set {DATA_VARIABLE}")
    folder = data_dir / (CIFAR10_FOLDER if dataset == "cifar10" else NUSAX_FOLDER)
    if not folder.is_dir():
        raise DataError(f"{dataset}: expected the folder {folder}, which does not exist")
    return folder


def fingerprint(*parts: np.ndarray | bytes) -> str:
    """Return the SHA-256 (hex) of the parts' bytes; arrays count with dtype and shape."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            part = np.ascontiguousarray(part).tobytes()
        digest.update(part)
    return digest.hexdigest()


def _load_cifar10(folder: Path) -> TrainingData:
    batches = [_read_batch(folder / f"data_batch_{number}") for number in range(1, 6)]
    test = _read_batch(folder / "test_batch")
    inputs = np.concatenate([batch.inputs for batch in batches])
    labels = np.concatenate([batch.labels for batch in batches])
    cut = CIFAR10_TRAINING_IMAGES
    return TrainingData(
        name="cifar10",
        train=Split(inputs[:cut], labels[:cut]),
        validation=Split(inputs[cut:], labels[cut:]),
        test=test,
        vocabulary=(),
        fingerprint=fingerprint(inputs, labels, test.inputs, test.labels),
    )


def _read_batch(path: Path) -> Split:
    batch = load_cifar_pickle(path)
    data, labels = batch.get(b"data"), batch.get(b"labels")
    expected = (_CIFAR10_BATCH, 3 * 32 * 32)
    if not isinstance(data, np.ndarray) or data.shape != expected:
        received = getattr(data, "shape", type(data).__name__)
        raise DataError(f"{path}: expected data of shape {expected}, received {received}")
    if not isinstance(labels, list) or len(labels) != len(data) or not all(_is_label(v) for v in labels):
        raise DataError(f"{path}: expected {len(data)} labels from 0 to 9 in a list, received others")
    # Stored as (image, channel, row, column); models take the channels last.
    pixels = np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return Split(pixels, np.array(labels, dtype=np.int64))


def _is_label(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < len(CIFAR10_LABELS)


def _load_nusax(folder: Path) -> TrainingData:
    rows = {name: _read_csv(folder / f"{name}.csv") for name in ("train", "valid", "test")}
    vocabulary = build_vocabulary(rows["train"][0], MAX_TOKENS)

    def split(name: str) -> Split:
        texts, labels = rows[name]
        return Split(vectorize(texts, vocabulary, SEQUENCE_LENGTH), labels)

    parts = [part for texts, labels in rows.values() for part in ("\0".join(texts).encode(), labels)]
    return TrainingData(
        name="nusax",
        train=split("train"),
        validation=split("valid"),
        test=split("test"),
        vocabulary=vocabulary,
        fingerprint=fingerprint(*parts),
    )


def load_texts(data_dir: Path | None = None) -> dict[str, tuple[Sequence[str], np.ndarray]]:
    """Return NusaX's texts and labels by split name: "train", "valid", "test"."""
    folder = locate("nusax", data_dir)
    return {name: _read_csv(folder / f"{name}.csv") for name in ("train", "valid", "test")}


def _read_csv(path: Path) -> tuple[list[str], np.ndarray]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if reader.fieldnames != ["id", "text", "label"]:
                raise DataError(f"{path}: expected the columns id, text, label, received {reader.fieldnames}")
            rows = [(row["text"], row["label"]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    for line, (text, label) in enumerate(rows, start=1):
        if text is None or label not in NUSAX_LABELS:
            raise DataError(f"{path}, row {line}: expected a label of {NUSAX_LABELS}, received {label!r}")
    if not rows:
        raise DataError(f"{path}: expected rows, received none")
    return [text for text, _ in rows], np.array([NUSAX_LABELS.index(label) for _, label in rows], np.int64)
