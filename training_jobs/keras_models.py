"""Build the Keras model of a variation. Keras is imported by the functions, never by the module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scratchnn.datasets import LABELS, SEQUENCE_LENGTH, TrainingData
from scratchnn.datasets.text import vocabulary_size
from training_jobs.experiments import Architecture, Convolutional, Recurrent, Training

if TYPE_CHECKING:
    import keras

IMAGE_SHAPE = (32, 32, 3)


def configure_tensorflow() -> None:
    """Make this process's TensorFlow repeatable; call before anything else imports it.

    One thread: with several, the order of summation, and so the last bits, depend on the machine's
    load. oneDNN off: its float32 Conv2D is wrong in a corner case on AVX-512 (TensorFlow 2.21).
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it warns of a missing GPU, among others
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def build_model(architecture: Architecture, data: TrainingData) -> keras.Sequential:
    """Return the untrained model: softmax over the data set's labels.

    Takes float32 (batch, 32, 32, 3) in [0, 1], or int32 token ids (batch, 100).
    """
    import keras

    classes = len(LABELS[data.name])
    if isinstance(architecture, Convolutional):
        layers = _convolutional_layers(architecture, classes)
    else:
        layers = _recurrent_layers(architecture, vocabulary_size(data.vocabulary), classes)
    return keras.Sequential(layers, name=architecture.name)


def _convolutional_layers(architecture: Convolutional, classes: int) -> list[Any]:
    import keras

    pooling = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
    layers: list[Any] = [keras.Input(IMAGE_SHAPE)]
    for filters in architecture.filters:
        conv = keras.layers.Conv2D(filters, architecture.kernel_size, padding="same", activation="relu")
        layers += [conv, pooling[architecture.pooling](pool_size=2)]
    return [
        *layers,
        keras.layers.Flatten(),
        keras.layers.Dense(architecture.dense_units, activation="relu"),
        keras.layers.Dropout(architecture.dropout),
        keras.layers.Dense(classes, activation="softmax"),
    ]


def _recurrent_layers(architecture: Recurrent, vocabulary: int, classes: int) -> list[Any]:
    import keras

    cell = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}[architecture.cell]
    embedding = keras.layers.Embedding(vocabulary, architecture.embedding_dim, mask_zero=architecture.mask_zero)
    layers: list[Any] = [keras.Input((SEQUENCE_LENGTH,), dtype="int32"), embedding]
    for number in range(1, architecture.layers + 1):
        layer = cell(architecture.units, return_sequences=number < architecture.layers)
        layers.append(keras.layers.Bidirectional(layer) if architecture.bidirectional else layer)
    dropout = keras.layers.Dropout(architecture.dropout)
    return [*layers, dropout, keras.layers.Dense(classes, activation="softmax")]


def compile_model(model: keras.Model, training: Training) -> None:
    """Give the model its optimizer (Adam) and loss, with accuracy measured beside it."""
    import keras

    model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def without_optimizer(model: keras.Sequential) -> keras.Sequential:
    """Return a copy that was never compiled: its file is a third of the size, and only the model."""
    import keras

    copy: keras.Sequential = keras.Sequential.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy
