"""Writes docs/coverage.md: every class in keras.layers of the installed Keras, and whether scratchnn runs it.

    TF_ENABLE_ONEDNN_OPTS=0 python docs/make_coverage.py

`python docs/make_coverage.py --check` says whether the page is up to date, and ends with 1 where it is not. A
class that is neither in the registry nor given a reason here is an error: somebody has to decide.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PAGE = Path(__file__).with_name("coverage.md")

CODE = "runs code of its own: a model file never runs code here"
TRAINING = "changes images in training only; not written yet, Keras has options that change them at inference too"
IMAGE = "image preprocessing: resampling and colour spaces, not written yet"
ADAPTIVE = "not written yet: windows of several sizes"
HASHES = "hashes with TensorFlow's FarmHash and SipHash"
BASE = "a base class, in no model file"
NOT_YET = "not written yet"

# Why scratchnn does not run a layer.
REASONS = {
    **dict.fromkeys(("FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"), CODE),
    "GroupedQueryAttention": NOT_YET,
    **dict.fromkeys(
        (f"Adaptive{kind}Pooling{rank}D" for kind in ("Average", "Max") for rank in (1, 2, 3)), ADAPTIVE
    ),
    **dict.fromkeys(("Hashing", "HashedCrossing"), HASHES),
    **dict.fromkeys(("Layer", "Wrapper"), BASE),
    **dict.fromkeys((f"ConvLSTM{rank}D" for rank in (1, 2, 3)), NOT_YET),
    **dict.fromkeys(("ReversibleEmbedding", "SpectralNormalization"), NOT_YET),
    **dict.fromkeys(("MelSpectrogram", "STFTSpectrogram"), "Fourier transforms: not written yet"),
    **dict.fromkeys(("CenterCrop", "Resizing", "AutoContrast", "Equalization", "Solarization"), IMAGE),
    "ContrastLimitedAdaptiveHistogramEqualization": IMAGE,
    "InputSpec": "no layer: what a layer expects of its input",
    "MaxNumBoundingBoxes": "works on bounding boxes, which no model here gives",
    "Pipeline": "a list of preprocessing layers: not written yet",
}
IN_TRAINING = ("Random", "RandAugment", "AugMix", "CutMix", "MixUp")

# What is left out of a layer that is supported, where that is not plain.
LIMITS = {
    "AdditiveAttention": "of Keras 3, over sequences",
    "Attention": "of Keras 3, over sequences; both score modes",
    "Bidirectional": "over every recurrent layer",
    "CategoryEncoding": "no sparse output, no `count_weights`",
    "Conv2DTranspose": "with dilation too, which Keras cannot run on the CPU",
    "Discretization": "no sparse output",
    "IntegerLookup": "all output modes; sparse output and FarmHash are refused",
    "LayerNormalization": "not `rms_scaling`",
    "MultiHeadAttention": "of Keras 3, over sequences; not `use_gate`, `sliding_window`",
    "Normalization": "statistics of the weights or of the config",
    "RMSNormalization": "over the last axes",
    "RNN": "over the cells here, or a stack of them; no cells of one's own",
    "StringLookup": "no sparse output; one id for unknown texts, as several are a matter of TensorFlow's hash",
    "TextVectorization": "with n-grams; all output modes but 'one_hot'; no ragged output, no functions as options",
    "TimeDistributed": "over every layer that is not stateful, and over whole models",
    "UpSampling2D": "'nearest' and 'bilinear'",
}
for _name in ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"):
    LIMITS[_name] = "inference (identity)"
for _name in ("Brightness", "Contrast", "Flip", "Rotation", "Translation", "Zoom"):
    LIMITS[f"Random{_name}"] = "inference (identity)"
LIMITS["GaussianNoise"] = LIMITS["ActivityRegularization"] = "inference (identity)"
LIMITS["BatchNormalization"] = "inference (the moving statistics)"


def keras_classes() -> dict[str, list[str]]:
    """Class name -> all names that it has in keras.layers."""
    import keras

    found: dict[str, list[str]] = {}
    for name in sorted(dir(keras.layers)):
        value = getattr(keras.layers, name)
        if isinstance(value, type):
            found.setdefault(value.__name__, []).append(name)
    return found


def reason(name: str) -> str:
    """Why a class is not supported.

    Raises:
        KeyError: nobody has given a reason.
    """
    if name in REASONS:
        return REASONS[name]
    if name.startswith(IN_TRAINING):
        return TRAINING
    raise KeyError(f"{name} is neither in the registry of scratchnn nor has it a reason in {Path(__file__).name}")


def page() -> str:
    """The text of docs/coverage.md."""
    import keras

    from scratchnn.layers import LAYERS

    classes = keras_classes()
    supported = sorted(name for name in classes if name in LAYERS or name == "InputLayer")
    missing = sorted(set(classes) - set(supported))
    older = sorted(name for name in LAYERS if name not in classes and not name.startswith("ops."))
    rows = [f"| {_names(name, classes)} | {LIMITS.get(name, '')} |" for name in supported]
    refused = [f"| {_names(name, classes)} | {reason(name)} |" for name in missing]
    return "\n".join(
        [
            "# Which layers of Keras scratchnn runs",
            "",
            f"Written by `docs/make_coverage.py` from the registry and Keras {keras.__version__}. Every class in",
            f"`keras.layers` is here: {len(supported)} of {len(classes)} run. What is not supported is refused by",
            "name when a model is loaded, and so is every option that a layer here does not implement; for all",
            "layers these are mixed precision, LoRA and quantized weights.",
            "",
            "## Supported",
            "",
            "Each with every option of its config, both data formats and Keras's rules for masks, unless said.",
            "",
            "| layer | remarks |",
            "|---|---|",
            *rows,
            "",
            "Layers of older Keras: "
            + ", ".join(f"`{name}`" for name in older)
            + ". Keras's operations in a graph",
            "(`x + y`, `keras.ops.mean(x)`): "
            + ", ".join(f"`{name[4:]}`" for name in sorted(LAYERS) if name.startswith("ops."))
            + ".",
            "",
            "## Not supported",
            "",
            "| layer | reason |",
            "|---|---|",
            *refused,
            "",
        ]
    )


def _names(name: str, classes: dict[str, list[str]]) -> str:
    others = [f"`{other}`" for other in classes[name] if other != name]
    return f"`{name}`" + (f" ({', '.join(others)})" if others else "")


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE} is out of date: run {Path(__file__).name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
