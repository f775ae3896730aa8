"""Whole models: any model file as a graph of layers, and the report's three models."""

from .cnn import CNNFromScratch
from .graph import Model
from .lstm import ManualLSTMModel
from .rnn import SimpleRNNModel

__all__ = ["CNNFromScratch", "ManualLSTMModel", "Model", "SimpleRNNModel"]
