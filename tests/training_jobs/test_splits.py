"""Which rows are fitted and which validate: folds are apart, and the test split is in none."""

import dataclasses

import numpy as np
import pytest

from scratchnn.datasets import Split, TrainingData, load_training_data
from training_jobs.experiments import FOLDS, Training
from training_jobs.splits import fitting_splits


@pytest.fixture
def data() -> TrainingData:
    """Return rows that tell which they are: 20, 10 and 5, each with its own word and a common one."""

    def split(first: int, rows: int) -> Split:
        own = np.arange(first, first + rows, dtype=np.int32)
        return Split(np.stack([own, np.full(rows, 2, np.int32), np.zeros(rows, np.int32)], axis=1), own % 2)

    return TrainingData("nusax", split(100, 20), split(200, 10), split(300, 5), (), "made-up rows")


def words(split):
    return set(split.inputs[:, 0].tolist())


def test_the_official_splits_unless_told_otherwise(data):
    train, validation = fitting_splits(data, Training(1, 8), seed=0)
    assert (words(train), words(validation)) == (set(range(100, 120)), set(range(200, 210)))
    train, validation = fitting_splits(data, Training(1, 8, max_rows=3), seed=0)
    assert (words(train), words(validation)) == ({100, 101, 102}, {200, 201, 202})


def test_all_rows_but_those_of_the_test_split(data):
    train, validation = fitting_splits(data, Training(1, 8, fit_on="train+validation"), seed=0)
    assert words(train) == set(range(100, 120)) | set(range(200, 210))
    assert validation is None


def test_each_row_is_held_out_once(data):
    every = fitting_splits(data, Training(1, 8, fit_on="train+validation"), seed=0)[0]
    held = []
    for fold in range(FOLDS):
        train, validation = fitting_splits(data, Training(1, 8, fit_on="train+validation", fold=fold), seed=0)
        assert len(train.labels) + len(validation.labels) == 30
        assert sorted(validation.labels) == [0, 0, 0, 1, 1, 1]  # as all rows: half of each
        held.append(words(every) - words(train))
    assert set().union(*held) == words(every)
    assert sum(map(len, held)) == 30


def test_words_of_the_held_out_rows_alone_are_unknown(data):
    _, validation = fitting_splits(data, Training(1, 8, fit_on="train+validation", fold=0), seed=0)
    assert validation.inputs.tolist() == [[1, 2, 0]] * 6
    assert validation.inputs.dtype == np.int32


def test_the_seed_cuts_the_folds(data):
    training = Training(1, 8, fit_on="train+validation", fold=0)
    first, again, other = (words(fitting_splits(data, training, seed)[0]) for seed in (0, 0, 1))
    assert first == again != other


def test_images_can_be_held_out_too(image_data):
    halves = dataclasses.replace(image_data, train=Split(image_data.train.inputs, np.arange(40) % 2))
    train, validation = fitting_splits(halves, Training(1, 8, fold=2), seed=0)
    assert (len(train.labels), len(validation.labels)) == (32, 8)
    assert {row.tobytes() for row in (*train.inputs, *validation.inputs)} == {
        row.tobytes() for row in image_data.train.inputs
    }


def test_no_row_of_the_test_split_is_fitted(nusax_folder):
    data = load_training_data("nusax", nusax_folder)
    # Their rows are made of few words: count them, for two may be the same.
    train, _ = fitting_splits(data, Training(1, 8, fit_on="train+validation"), seed=0)
    np.testing.assert_array_equal(train.inputs, np.concatenate([data.train.inputs, data.validation.inputs]))
