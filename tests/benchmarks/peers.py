"""The implementations that are compared: each loads the same Keras model file and gives a function of a batch.

A peer is imported in a process of its own (see `worker`), with two threads for everyone.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2
Predict = Callable[[np.ndarray], Any]


def scratchnn(path: Path) -> dict[str, Predict]:
    """This package: `predict` by threads and by processes, and the plain layers."""
    from scratchnn import load_model

    model = load_model(path)
    return {
        "predict": lambda x: model.predict(x, workers=THREADS),
        "processes": lambda x: model.predict(x, workers=_processes()),
        "forward": model.forward,
    }


@cache
def _processes() -> Any:
    from scratchnn import WorkerProcesses

    return WorkerProcesses(THREADS)


def tensorflow(path: Path) -> dict[str, Predict]:
    """Keras's predict and predict_on_batch, and a compiled tf.function on tensors."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = keras.models.load_model(path)
    call = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    return {
        "predict": lambda x: model.predict(x, batch_size=len(x), verbose=0),
        "predict_on_batch": model.predict_on_batch,
        "tf.function": lambda x: call(tf.convert_to_tensor(x)).numpy(),
    }


def onnxruntime(path: Path) -> dict[str, Predict]:
    """ONNX Runtime on the export of tf2onnx; written beside the model, because TensorFlow makes it."""
    return {"tf2onnx": _session(path.with_suffix(".onnx"))}


def onnxruntime_native(path: Path) -> dict[str, Predict]:
    """ONNX Runtime on its own recurrent operators."""
    native = path.with_suffix(".native.onnx")
    return {"native": _session(native)} if native.exists() else {}


def openvino(path: Path) -> dict[str, Predict]:
    """OpenVINO on the export of tf2onnx."""
    import openvino as ov

    model = path.with_suffix(".onnx")
    options = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32"}  # it would take bfloat16
    compiled = ov.Core().compile_model(str(model), "CPU", options)
    return {"openvino": lambda x: compiled([x])[0]}


def torch(path: Path) -> dict[str, Predict]:
    """The same layers in torch, with the weights of the file."""
    import torch as pt

    from scratchnn import load_model

    pt.set_num_threads(THREADS)
    run = _torch_module(load_model(path), pt)

    def predict(x: np.ndarray) -> np.ndarray:
        with pt.inference_mode():
            return run(pt.from_numpy(x)).numpy()

    return {"torch": predict}


def naive(path: Path) -> dict[str, Predict]:
    """Loops as a student writes them first."""
    from scratchnn import load_model

    from .naive import run_naively

    model = load_model(path)
    return {"loops": lambda x: run_naively(model, x)}


def _session(path: Path) -> Predict:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def _torch_module(model: Any, pt: Any) -> Callable[[Any], Any]:
    """A function of a tensor, layer by layer."""
    nn, steps = pt.nn, []
    image = False
    for layer in model.layers:
        kind, weights = type(layer).__name__, [pt.from_numpy(np.array(w)) for w in layer.get_weights()]
        if kind == "Conv2D":
            module = nn.Conv2d(*weights[0].shape[2:], weights[0].shape[:2], padding="same")
            module.weight.data, module.bias.data = weights[0].permute(3, 2, 0, 1).contiguous(), weights[1]
            if not image:
                steps.append(lambda x: x.permute(0, 3, 1, 2))  # channels last in memory, as torch likes it
                image = True
            module = module.to(memory_format=pt.channels_last)
            steps += [module, pt.relu]
        elif kind == "MaxPooling2D":
            steps.append(nn.MaxPool2d(2))
        elif kind == "AveragePooling2D":
            steps.append(nn.AvgPool2d(2))
        elif kind == "Flatten":
            steps.append(lambda x: x.permute(0, 2, 3, 1).flatten(1))
        elif kind == "Dense":
            module = nn.Linear(*weights[0].shape)
            module.weight.data, module.bias.data = weights[0].T.contiguous(), weights[1]
            steps += [module, pt.relu if layer.activation == "relu" else lambda x: pt.softmax(x, -1)]
        elif kind == "Embedding":
            steps.append(nn.Embedding.from_pretrained(weights[0]))
        elif kind != "Dropout":
            steps.append(_torch_recurrent(layer, weights, pt))

    def run(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return x

    return run


def _torch_recurrent(layer: Any, weights: list[Any], pt: Any) -> Callable[[Any], Any]:
    """LSTM or RNN: torch has Keras's order of the gates, and a second bias that is left 0."""
    both, features = len(weights) == 6, weights[0].shape[0]
    units = weights[1].shape[0]
    kind = pt.nn.LSTM if weights[0].shape[1] == 4 * units else pt.nn.RNN
    module = kind(features, units, batch_first=True, bidirectional=both)
    for way, suffix in enumerate(["", "_reverse"][: 1 + both]):
        kernel, recurrent, bias = weights[3 * way : 3 * way + 3]
        getattr(module, f"weight_ih_l0{suffix}").data = kernel.T.contiguous()
        getattr(module, f"weight_hh_l0{suffix}").data = recurrent.T.contiguous()
        getattr(module, f"bias_ih_l0{suffix}").data = bias
        getattr(module, f"bias_hh_l0{suffix}").data = pt.zeros_like(bias)
    module.flatten_parameters()
    if layer.return_sequences:
        return lambda x: module(x)[0]

    def last(x: Any) -> Any:
        states = module(x)[1]
        h = states[0] if isinstance(states, tuple) else states
        return h.transpose(0, 1).reshape(len(x), -1)

    return last


PEERS: dict[str, Callable[[Path], dict[str, Predict]]] = {
    "scratchnn": scratchnn,
    "tensorflow": tensorflow,
    "onnxruntime": onnxruntime,
    "onnxruntime native": onnxruntime_native,
    "torch": torch,
    "openvino": openvino,
    "naive": naive,
}


def limit_threads() -> None:
    """Two threads for every library that asks the environment; before any of them is imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(THREADS)
    # OpenMP's threads (torch) must not spin while they wait: on a machine that others use too, that takes minutes.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
