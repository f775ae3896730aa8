"""Trained Keras models run in NumPy alone, written from scratch, and proven equal to Keras."""

from typing import Any

from .errors import (
    ConfigError,
    DataError,
    DependencyError,
    InputError,
    ModelFaults,
    ModelFileError,
    OracleError,
    ScratchnnError,
    UnsupportedError,
    WeightError,
    WorkerError,
)
from .layers.average_pooling2d import AveragePooling2D, AveragePooling2DLayer
from .layers.bidirectional import Bidirectional, BidirectionalLSTM, BiRNN
from .layers.conv2d import Conv2D, Conv2DLayer
from .layers.dense import Dense, DenseLayer
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.flatten import Flatten, FlattenLayer
from .layers.lstm import LSTM
from .layers.max_pooling2d import MaxPooling2D, MaxPooling2DLayer
from .layers.simple_rnn import RNN, RNNCell
from .models import CNNFromScratch, ManualLSTMModel, Model, SimpleRNNModel
from .models.graph import load_model

__version__ = "0.1.0"

__all__ = [
    "LSTM",
    "RNN",
    "AveragePooling2D",
    "AveragePooling2DLayer",
    "BiRNN",
    "Bidirectional",
    "BidirectionalLSTM",
    "CNNFromScratch",
    "ConfigError",
    "Conv2D",
    "Conv2DLayer",
    "DataError",
    "Dense",
    "DenseLayer",
    "DependencyError",
    "Dropout",
    "Embedding",
    "Flatten",
    "FlattenLayer",
    "InputError",
    "ManualLSTMModel",
    "MaxPooling2D",
    "MaxPooling2DLayer",
    "Model",
    "ModelFaults",
    "ModelFileError",
    "OracleError",
    "RNNCell",
    "ScratchnnError",
    "SimpleRNNModel",
    "UnsupportedError",
    "WeightError",
    "WorkerError",
    "WorkerProcesses",
    "load_model",
]


def __getattr__(name: str) -> Any:
    """`WorkerProcesses`, for which `multiprocessing` is imported only when it is asked for."""
    if name == "WorkerProcesses":
        from .engine.processes import WorkerProcesses

        return WorkerProcesses
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
