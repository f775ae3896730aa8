"""Tiny data sets and variations: the training jobs without hours of training."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from jobs_support import SMOKE, command

from scratchnn.datasets import Split, TrainingData
from training_jobs.experiments import Convolutional, Recurrent, Training, Variation

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

WORDS = ("bagus", "buruk", "biasa", "enak", "mahal", "murah", "hotel", "makanan")
LABEL_WORDS = {"positive": "bagus", "negative": "buruk", "neutral": "biasa"}


@pytest.fixture(scope="session")
def nusax_folder(tmp_path_factory) -> Path:
    """Return a data folder in NusaX's official layout: 24, 9 and 12 made-up rows."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "nusax" / "sentiment" / "indonesian"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, rows in (("train", 24), ("valid", 9), ("test", 12)):
        lines = ["id,text,label"]
        for number in range(rows):
            label = list(LABEL_WORDS)[number % 3]
            words = " ".join(generator.choice(WORDS, 4))
            lines.append(f'{number},"{words}, {LABEL_WORDS[label]}",{label}')
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def trained(nusax_folder, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return the folder of runs after two seeds were trained on two workers, and what was printed."""
    runs = tmp_path_factory.mktemp("runs")
    done = command("run", SMOKE, "--seeds", "0,1", "--jobs", "2", "--data", nusax_folder, "--runs", runs)
    assert done.returncode == 0, done.stderr
    return runs, done


@pytest.fixture(scope="session")
def image_data() -> TrainingData:
    """Return 40 random images a split, in CIFAR-10's shapes."""
    generator = np.random.default_rng(1)

    def split() -> Split:
        pixels = generator.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
        return Split(pixels, generator.integers(0, 10, 40))

    return TrainingData("cifar10", split(), split(), split(), (), "made-up images")


@pytest.fixture
def tiny_cnn() -> Variation:
    return Variation(Convolutional((4,), dense_units=8), Training(epochs=3, batch_size=8))


@pytest.fixture
def tiny_rnn() -> Variation:
    architecture = Recurrent("rnn", 1, 4, bidirectional=True, embedding_dim=8, embedding_dropout=0.2)
    return Variation(architecture, Training(epochs=3, batch_size=8))
