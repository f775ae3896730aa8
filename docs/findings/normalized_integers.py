"""Normalizations of whole numbers cut their result to whole numbers, which leaves next to nothing of it."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from scratchnn.agreement import Verdict, check_call
from scratchnn.layers.group_normalization import GroupNormalization
from scratchnn.layers.layer_normalization import LayerNormalization

x = np.array([[3, 7, 9, 1]], np.int32)
weights = np.ones(4, np.float32), np.zeros(4, np.float32)
for theirs, ours in (
    (keras.layers.LayerNormalization(), LayerNormalization(-1, *weights)),
    (keras.layers.GroupNormalization(2), GroupNormalization(2, *weights)),
):
    whole, right = np.asarray(theirs(x)), np.asarray(theirs(x.astype(np.float64)))
    print(type(ours).__name__, "of integers:", whole[0], "of floats:", right[0])
    assert np.array_equal(whole, np.trunc(right))
    assert check_call(ours, (x,), {}, None, whole, reference64=right).verdict is Verdict.KERAS_OFF
