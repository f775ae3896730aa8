"""A standalone script that reproduces a case: Keras and scratch side by side, weights from the seed."""

import inspect
from pathlib import Path

from . import case as case_module
from . import filling, oracle
from .case import Case

HEADER = '''"""Reproduces one case of the parity suite. Needs scratchnn and Keras, nothing of the tests."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from scratchnn.models.graph import Model
'''

# A function, whose names are not those of the modules above it.
MAIN = """

def main():
    case = {case!r}
    keras32, keras64 = keras_layer(case), keras_layer(case, "float64")
    scratch = scratch_layer(keras32, case)
    args, kwargs, mask = call_arguments(case)
    results = {{
        "Keras float32": run_keras(keras32, case),
        "scratch float32": Model.call(scratch, args, kwargs, mask)[0],
        "Keras float64": run_keras(keras64, case, "float64"),
    }}
    np.set_printoptions(precision=9, threshold=40)
    print("input", args[0], "mask", mask, "states", kwargs, sep="\\n")
    for weight in keras32.weights:
        print(weight.path, to_numpy(weight.value), sep="\\n")
    for name, result in results.items():
        print(name, result, sep="\\n")


main()
"""


FOLDER = Path(".hypothesis", "reproduce")
# The last failing case of each layer: Hypothesis runs the smallest one last.
failures: dict[str, Case] = {}
# The scripts that other processes of the run handed over.
scripts_of_others: dict[str, str] = {}


def scripts() -> dict[str, str]:
    """The script of each failure, by layer."""
    return scripts_of_others | {layer: script(case) for layer, case in failures.items()}


def report() -> str:
    """Writes the script of each failure; the text of the first, and where the others are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = scripts()
    for layer, text in texts.items():
        (FOLDER / f"{layer}.py").write_text(text)
    first, *others = texts
    lines = [f"# {FOLDER / first}.py", texts[first], *(f"# {FOLDER / layer}.py" for layer in others)]
    return "\n".join(lines)


def script(case: Case) -> str:
    """The text of the script."""
    modules = "\n\n".join(_body(module) for module in (filling, case_module, oracle))
    return HEADER + modules.replace("filling.", "") + MAIN.format(case=case)


def _body(module: object) -> str:
    """A module's text without its docstring and its imports from the tests."""
    text = inspect.getsource(module).split('"""', 2)[2]
    return "\n".join(line for line in text.splitlines() if not line.startswith("from ."))
