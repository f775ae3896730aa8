"""Build the Keras model of a variation. Keras is imported by the functions, never by the module."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.datasets import LABELS, SEQUENCE_LENGTH, TrainingData
from scratchnn.datasets.text import vocabulary_size
from training_jobs.experiments import Architecture, Convolutional, Recurrent, Training, Variation
from training_jobs.word_vectors import latent_semantic_analysis

if TYPE_CHECKING:
    import keras

IMAGE_SHAPE = (32, 32, 3)


def configure_tensorflow(*, onednn: bool) -> None:
    """Make this process's TensorFlow repeatable; call before anything else imports it.

    One thread: with several, the order of summation, and so the last bits, depend on the machine's
    load.

    Args:
        onednn: its convolutions train about twice as fast. Off for outputs that others are
            compared with: its float32 Conv2D is wrong in a corner case on AVX-512 (TensorFlow 2.21).
    """
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(onednn))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it warns of a missing GPU, among others
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def build_model(variation: Variation, data: TrainingData, fitted: np.ndarray | None = None) -> keras.Sequential:
    """Return the untrained model: softmax over the data set's labels.

    Takes float32 (batch, 32, 32, 3) in [0, 1], or int32 token ids (batch, 100).

    Args:
        variation: the model.
        data: its data set, for labels and vocabulary.
        fitted: the inputs that will be fitted, for word vectors that begin with what these say; None
            means those of the training split.
    """
    import keras

    classes, architecture = len(LABELS[data.name]), variation.architecture
    if isinstance(architecture, Convolutional):
        layers = _convolutional_layers(architecture, classes)
        return keras.Sequential(layers, name=variation.name)
    size = vocabulary_size(data.vocabulary)
    model = keras.Sequential(_recurrent_layers(architecture, size, classes), name=variation.name)
    if architecture.lsa_scale:
        ids = data.train.inputs if fitted is None else fitted
        vectors = latent_semantic_analysis(ids, size, architecture.embedding_dim, architecture.lsa_scale)
        model.layers[0].set_weights([vectors])
    return model


def _regularizer(weight: float) -> Any:
    import keras

    return keras.regularizers.L2(weight) if weight else None


def _convolutional_layers(architecture: Convolutional, classes: int) -> list[Any]:
    import keras

    pooling = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
    convolutions = architecture.convolutions or (1,) * len(architecture.filters)
    layers: list[Any] = [keras.Input(IMAGE_SHAPE)]
    for filters, count in zip(architecture.filters, convolutions, strict=True):
        for _ in range(count):
            layers += _convolution(architecture, filters)
        layers.append(pooling[architecture.pooling](pool_size=2))
    layers.append(keras.layers.Flatten())
    penalty = _regularizer(architecture.l2)
    if architecture.dense_units:
        units = architecture.dense_units
        layers.append(keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty))
    return [*layers, *_head(architecture, classes)]


def _convolution(architecture: Convolutional, filters: int) -> list[Any]:
    import keras

    shared = {"padding": "same", "kernel_regularizer": _regularizer(architecture.l2)}
    size = architecture.kernel_size
    if not architecture.batch_norm:
        return [keras.layers.Conv2D(filters, size, activation="relu", **shared)]
    # The bias would be taken out again by the normalization behind it.
    convolution = keras.layers.Conv2D(filters, size, use_bias=False, **shared)
    # By Keras's default, 0.99, the averages lag behind by hundreds of steps: much of a short training.
    normalization = keras.layers.BatchNormalization(momentum=0.9)
    return [convolution, normalization, keras.layers.Activation("relu")]


def _recurrent_layers(architecture: Recurrent, vocabulary: int, classes: int) -> list[Any]:
    import keras

    cell = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}[architecture.cell]
    size, masked = architecture.embedding_dim, architecture.mask_zero
    layers: list[Any] = [keras.Input((SEQUENCE_LENGTH,), dtype="int32")]
    layers.append(keras.layers.Embedding(vocabulary, size, mask_zero=masked))
    if architecture.embedding_dropout:
        layers.append(keras.layers.Dropout(architecture.embedding_dropout))
    if architecture.word_dropout:
        layers.append(keras.layers.Dropout(architecture.word_dropout, noise_shape=(None, None, 1)))
    for number in range(1, architecture.layers + 1):
        layer = cell(
            architecture.units,
            return_sequences=number < architecture.layers or architecture.pooling == "average",
            kernel_regularizer=_regularizer(architecture.l2),
        )
        layers.append(keras.layers.Bidirectional(layer) if architecture.bidirectional else layer)
    if architecture.pooling == "average":
        layers.append(keras.layers.GlobalAveragePooling1D())  # leaves masked steps out
    return [*layers, *_head(architecture, classes)]


def _head(architecture: Architecture, classes: int) -> list[Any]:
    import keras

    penalty = _regularizer(architecture.l2)
    dense = keras.layers.Dense(classes, activation="softmax", kernel_regularizer=penalty)
    return [keras.layers.Dropout(architecture.dropout), dense]


def compile_model(model: keras.Model, training: Training, rows: int) -> None:
    """Give the model its optimizer and loss, with accuracy measured beside it.

    Args:
        model: the model.
        training: optimizer and learning rate.
        rows: of the training split; they decide how many steps the learning rate falls over.
    """
    import keras

    steps = training.epochs * math.ceil(rows / training.batch_size)
    rate = training.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps) if training.cosine else rate
    optimizers = {
        "adam": keras.optimizers.Adam,
        "nadam": keras.optimizers.Nadam,
        "rmsprop": keras.optimizers.RMSprop,
    }
    model.compile(
        optimizer=optimizers[training.optimizer](schedule),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def without_optimizer(model: keras.Sequential) -> keras.Sequential:
    """Return a copy that was never compiled: its file is a third of the size, and only the model."""
    import keras

    copy: keras.Sequential = keras.Sequential.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy
