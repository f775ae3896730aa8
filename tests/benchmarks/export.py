"""Writes the model files: Keras's own, tf2onnx's export, and ONNX's recurrent operators by hand.

Run as `python -m benchmarks.export FOLDER`; it needs TensorFlow, tf2onnx and onnx.
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from .families import REPORT, Family


def keras_file(family: Family, folder: Path) -> Path:
    """Keras's file of a family; made where it is not there."""
    path = folder / f"{family.name.replace(' ', '_')}-{family.length}.keras"
    if not path.exists():
        family.keras_model().save(path)
    return path


def export(family: Family, folder: Path) -> Path:
    """All files of a family, unless they are there; the path of the Keras file."""
    path = keras_file(family, folder)
    if path.with_suffix(".done").exists():
        return path
    import keras
    import onnx
    import tensorflow as tf
    import tf2onnx

    model = keras.models.load_model(path)
    call = tf.function(lambda x: model(x, training=False))
    kind = tf.float32 if family.kind == "cnn" else tf.int32
    shape = (None, *family.input(1).shape[1:])
    proto, _ = tf2onnx.convert.from_function(call, [tf.TensorSpec(shape, kind, name="x")], opset=17)
    onnx.save(proto, path.with_suffix(".onnx"))
    if family.kind != "cnn":
        onnx.save(native(family, [np.array(w) for w in model.get_weights()]), path.with_suffix(".native.onnx"))
    path.with_suffix(".done").touch()
    return path


def native(family: Family, weights: list[np.ndarray]) -> Any:
    """Gather, LSTM or RNN for each layer, Gemm, Softmax; ONNX wants time first, and the gates as i, o, f, c."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []
    ways, gates = (2 if family.both else 1), (4 if family.kind == "lstm" else 1)

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], outputs: list[str], **options: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, outputs, **options))
        return outputs[0]

    table, *rest = weights
    by_time = node("Transpose", ["x"], ["x_by_time"], perm=[1, 0])
    value = node("Gather", [constant("table", table), by_time], ["vectors"])
    for place, units in enumerate(family.units):
        taken, rest = rest[: 3 * ways], rest[3 * ways :]

        def packed(offset: int, taken: list[np.ndarray] = taken) -> np.ndarray:
            order = (0, 3, 1, 2) if gates == 4 else (0,)
            parts = [np.split(taken[3 * way + offset].T, gates) for way in range(ways)]
            return np.stack([np.concatenate([part[gate] for gate in order]) for part in parts])

        bias = packed(2)
        inputs = [value, constant(f"W{place}", packed(0)), constant(f"R{place}", packed(1))]
        inputs.append(constant(f"B{place}", np.concatenate([bias, np.zeros_like(bias)], axis=1)))
        direction = "bidirectional" if family.both else "forward"
        kind = "LSTM" if family.kind == "lstm" else "RNN"
        sequence, last = f"sequence{place}", f"last{place}"
        node(kind, inputs, [sequence, last], hidden_size=units, direction=direction)
        if place < len(family.units) - 1:  # (time, way, batch, units) -> (time, batch, way · units)
            turned = node("Transpose", [sequence], [f"turned{place}"], perm=[0, 2, 1, 3])
            shape = constant(f"shape{place}", np.array([0, 0, -1]))
        else:  # (way, batch, units) -> (batch, way · units)
            turned = node("Transpose", [last], [f"turned{place}"], perm=[1, 0, 2])
            shape = constant(f"shape{place}", np.array([0, -1]))
        value = node("Reshape", [turned, shape], [f"joined{place}"])
    value = node("Gemm", [value, constant("kernel", rest[0]), constant("bias", rest[1])], ["logits"])
    node("Softmax", [value], ["y"], axis=-1)
    graph = helper.make_graph(
        nodes,
        "native",
        [helper.make_tensor_value_info("x", TensorProto.INT32, ["batch", family.length])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    for each in REPORT:
        print(export(each, Path(sys.argv[1])), flush=True)
