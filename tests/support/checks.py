"""The generic checks: what is asked of every layer, whatever it computes."""

import inspect
import pickle
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.agreement import check_call
from scratchnn.errors import ConfigError, ScratchnnError
from scratchnn.layers import LAYERS, Layer, build_layer
from scratchnn.layers.index_lookup import Index
from scratchnn.layers.options import INERT_KEYS, INERT_SUFFIXES
from scratchnn.models.graph import Model

from . import oracle, strength
from .case import Case
from .entry import Entry, Refusal, Run, generic_refusals
from .reproduce import failures

EXAMPLES = settings.default.max_examples
# Below this a branch can miss its floor by chance.
ENOUGH = 50
FORMATS = (".keras", ".h5")
# Parameters of constructors whose default is not Keras's, by what is in the layer's name: most are as the report
# has them; a vocabulary of "" is what Keras makes of None.
OWN_DEFAULTS = {
    "Conv": ("padding", "activation"),
    "Pooling": ("strides",),
    "LSTM": ("return_sequences", "return_state"),
    "TextVectorization": ("vocabulary",),
}
# What None stands for in a constructor of Keras.
MEANT_BY_NONE = {"data_format": "channels_last", "dtype": np.float32}


def examples(entry: Entry, share: float) -> settings:
    """A share of the profile's examples, fewer for a layer whose examples are dear."""
    return settings(max_examples=max(3, round(EXAMPLES * share / entry.cost)))


def agree(case: Case, entry: Entry, keras: Any, scratch: Layer) -> Any:
    """Assert that both sides agree on a case, in all channels; the scratch output."""
    args, kwargs, mask = oracle.call_arguments(case)
    reference, sequence = oracle.run_keras(keras, case), oracle.run_sequences(keras, case)
    reference64 = sequence64 = None
    if "texts" not in case.kinds and entry.float64 and oracle.has_float64():
        keras64 = oracle.keras_layer(case, "float64")
        reference64 = oracle.run_keras(keras64, case, "float64")
        sequence64 = oracle.run_sequences(keras64, case, "float64")
    result = check_call(
        scratch,
        args,
        kwargs,
        mask,
        reference,
        reference64=reference64,
        exact=entry.is_exact(case),
        sequence=sequence,
        sequence64=sequence64,
    )
    strength.worst[entry.layer] = max(strength.worst[entry.layer], result.ratio or 0)
    assert result.agrees, f"{case!r}: {result.verdict}: {result.reason}"
    return call(scratch, case)


def call(layer: Layer, case: Case, x: Any = None) -> Any:
    """The scratch layer's output, called as a model calls it."""
    args, kwargs, mask = oracle.call_arguments(case)
    with np.errstate(all="ignore"):
        return Model.call(layer, args if x is None else (x,), kwargs, mask)[0]


def layer_tests(entry: Entry) -> type:
    """The class of all generic tests of a layer; each layer's file has one: `TestX = layer_tests(Entry(...))`."""
    cases = entry.cases()

    class Tests:
        """The generic checks of one layer."""

        @given(case=cases)
        @examples(entry, 1)
        def test_agrees_with_keras(self, case: Case) -> None:
            check_agrees(entry, case)

        @given(case=cases)
        @examples(entry, 0.15)
        def test_input_and_weights_stay_and_calls_repeat(self, case: Case) -> None:
            check_repeats(entry, case)

        @given(case=cases, data=st.data())
        @examples(entry, 0.2)
        def test_rows_do_not_depend_on_the_batch(self, case: Case, data: st.DataObject) -> None:
            check_batch(entry, case, data.draw(st.integers(0, 99), label="order"))

        @given(case=cases, dtype=st.sampled_from(["float16", "float32", "float64"]))
        @examples(entry, 0.15)
        def test_dtype_is_kept(self, case: Case, dtype: str) -> None:
            check_dtype(entry, case, dtype)

        @given(case=cases)
        @examples(entry, 0.2)
        def test_shapes_and_masks_are_those_of_keras(self, case: Case) -> None:
            check_shapes(entry, case)

        if entry.in_file:

            @pytest.mark.parametrize("suffix", FORMATS)
            def test_survives_a_file(self, suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
                check_file(entry, tmp_path_factory.mktemp("file") / f"model{suffix}")

        if entry.sequences:

            @given(case=cases)
            @examples(entry, 0.2)
            def test_last_output_is_the_last_of_the_sequence(self, case: Case) -> None:
                check_last(entry, case)

        @pytest.mark.parametrize(
            "refusal", [*generic_refusals(entry), *entry.refusals], ids=lambda refusal: refusal.what
        )
        def test_refuses(self, refusal: Refusal) -> None:
            check_refusal(entry, refusal)

        def test_refuses_each_option_of_a_wrong_type(self) -> None:
            check_option_types(entry)

        def test_an_option_left_out_has_the_default_of_keras(self) -> None:
            check_left_out(entry)

        def test_the_constructor_has_the_defaults_of_keras(self) -> None:
            check_constructor(entry)

        def test_every_weight_must_be_there_and_fit(self) -> None:
            check_weights(entry)

        def test_every_branch_was_reached(self) -> None:
            check_strength(entry)

    Tests.__name__ = Tests.__qualname__ = f"Test{entry.layer}"
    return Tests


def check_agrees(entry: Entry, case: Case) -> None:
    """Scratch agrees with Keras in all channels, and the branches that fired are counted."""
    oracle.keras_module()  # so that its ten seconds are not counted
    with strength.example(entry.layer):
        try:
            keras = oracle.keras_layer(case)
            scratch = oracle.scratch_layer(keras, case)
            output = agree(case, entry, keras, scratch)
        except Exception:
            failures[entry.layer] = case
            raise
    run = Run(case, scratch, output)
    counts = strength.fired[entry.layer]
    counts["compared"] += 1
    counts.update(name for name, (fired, _) in entry.branches.items() if fired(run))


def check_strength(entry: Entry) -> None:
    """Each branch fired in its share of the examples compared so far, if these were enough to tell."""
    counts = strength.fired[entry.layer]
    total = counts["compared"]
    if total < ENOUGH or entry.layer in failures:
        pytest.skip("too few examples in this run to tell, or they failed")
    weak = {
        name: f"{counts[name]} of {total}, floor {floor:.0%}"
        for name, (_, floor) in entry.branches.items()
        if counts[name] < floor * total
    }
    assert not weak, f"branches that the examples hardly reach: {weak}"


def built(case: Case) -> Layer:
    """The scratch layer of a case."""
    return oracle.scratch_layer(oracle.keras_layer(case), case)


def same_bits(left: Any, right: Any) -> bool:
    """Whether two outputs are equal in dtype, shape and every bit (NaN equals NaN)."""
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same_bits, left, right))
    left, right = np.asarray(left), np.asarray(right)
    if left.dtype == object:  # texts: its bytes are addresses
        return left.tolist() == right.tolist()
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def check_repeats(entry: Entry, case: Case) -> None:
    """A second call gives the same bits after another call between; input and weights cannot be written to."""
    with strength.example(entry.layer):
        scratch = built(case)
        before = case.inputs()
        first = call(scratch, case)
        call(scratch, replace(case, seed=case.seed + 1))
        assert same_bits(call(scratch, case), first)
        assert same_bits(case.inputs(), before)


def rows(output: Any, order: np.ndarray) -> Any:
    """These rows of every array; None and flags as they are."""
    if output is None or isinstance(output, bool):
        return output
    if isinstance(output, list | tuple):
        return type(output)(rows(item, order) for item in output)
    return output[order]


def check_batch(entry: Entry, case: Case, number: int) -> None:
    """A subset of the batch in another order gives the same rows.

    To the last bit where the layer only moves or chooses numbers; else within the bound, because BLAS and
    NumPy's vector loops sum in blocks that depend on how many rows there are.
    """
    rng = np.random.default_rng(number)
    batch = case.shapes[0][0]
    order = rng.permutation(batch)[: rng.integers(1, batch + 1)]
    with strength.example(entry.layer), np.errstate(all="ignore"):
        scratch = built(case)
        args, kwargs, mask = oracle.call_arguments(case)
        full = Model.call(scratch, args, kwargs, mask)[0]
        part, fewer = rows(args, order), {key: rows(value, order) for key, value in kwargs.items()}
        if "texts" in case.kinds:  # rows are padded to the longest text of the batch
            return
        mask = rows(mask, order)
        if type(scratch).bound == "exact":
            assert same_bits(Model.call(scratch, part, fewer, mask)[0], rows(full, order)), f"{case!r} {order}"
        else:
            result = check_call(scratch, part, fewer, mask, rows(full, order))
            assert result.agrees, f"{case!r}, rows {order}: {result.reason}"


def check_dtype(entry: Entry, case: Case, dtype: str) -> None:
    """Floats of a dtype in, floats of that dtype out, whatever the dtype of the weights."""
    with strength.example(entry.layer), np.errstate(all="ignore"):
        if set(case.kinds) != {"float"}:
            return
        scratch = built(case)
        x = case.inputs()
        x = [array.astype(dtype) for array in x] if isinstance(x, list) else x.astype(dtype)
        args, kwargs, mask = oracle.call_arguments(case)
        extra = {} if mask is None else {"mask": mask}
        output = scratch.forward(x, *args[1:], **kwargs, **extra)
        for array in output if isinstance(output, list | tuple) else [output]:
            if (
                array.dtype.kind == "i" and scratch.bound == "exact"
            ):  # ids, of which Keras says what dtype they have
                continue
            assert array.dtype == dtype, f"{case!r}: {dtype} in, {array.dtype} out"


def check_shapes(entry: Entry, case: Case) -> None:
    """output_shape, compute_mask and supports_masking are Keras's; output_shape tells the output's real shape."""
    with strength.example(entry.layer):
        keras = oracle.keras_layer(case)
        scratch = oracle.scratch_layer(keras, case)
        output = call(scratch, case)
        scores = {key: True for key in case.arguments() if key == "return_attention_scores"}
        shapes = scratch.output_shape(case.shape, **scores)
        several = isinstance(output, list | tuple)
        found = [array.shape for array in output] if several else [output.shape]
        expected = list(shapes) if several else [shapes]
        assert all(
            len(have) == len(want) and all(n in (None, m) for n, m in zip(want, have, strict=True))
            for have, want in zip(found, expected, strict=True)
        ), f"{case!r}: output_shape says {expected}, the output has {found}"
        if entry.shape_of_keras(case):
            several = oracle.has_separate_inputs(keras)
            given = case.input_shape if several else [case.input_shape]
            theirs = keras.compute_output_shape(*given)
            assert _sizes(scratch.output_shape(case.input_shape)) == _sizes(theirs), (
                f"{case!r}: Keras says {theirs}"
            )
        check_mask(case, keras, scratch)


def check_mask(case: Case, keras: Any, scratch: Layer) -> None:
    """What becomes of a mask, as Keras has it."""
    assert bool(scratch.supports_masking) == bool(keras.supports_masking), f"{case!r}: supports_masking"
    mask = case.mask()
    if isinstance(case.shape, list) or (mask is None and "texts" in case.kinds):
        return
    if mask is None and len(case.shape) > 1:
        mask = np.ones(case.shape[:2], bool)
    # TensorFlow takes what lies below the normal range for 0 when it compares; NumPy does not.
    x = case.inputs()
    ours = [_masks(scratch.compute_mask(given, mask)) for given in (x, _flushed(x))]
    # Keras asks compute_mask only where the layer supports masking, and drops the mask elsewhere.
    theirs = _masks(keras.compute_mask(x, mask) if keras.supports_masking else None)
    assert theirs in ours, f"{case!r}: compute_mask: {ours[0]}, Keras {theirs}"


def _flushed(x: np.ndarray) -> np.ndarray:
    """Floats with those below the normal range at 0; other arrays as they are."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, 0, x).astype(x.dtype) if x.dtype.kind == "f" else x


def _sizes(shape: Any) -> Any:
    """A shape, or a list of shapes, as tuples."""
    return tuple(_sizes(n) if isinstance(n, list | tuple) else n for n in shape)


def _masks(mask: Any) -> list[Any]:
    """The masks of all outputs; Keras leaves out those behind the last that is there."""
    flat = [None if item is None else np.asarray(item).tolist() for item in _flat(mask)]
    while flat and flat[-1] is None:
        flat.pop()
    return flat


def _flat(structure: Any) -> list[Any]:
    if isinstance(structure, list | tuple):
        return [item for part in structure for item in _flat(part)]
    return [structure]


def check_last(entry: Entry, case: Case) -> None:
    """With and without return_sequences: the last output is the last of the sequence, the states are the same."""
    with strength.example(entry.layer):
        scratch = built(case)
        one, many = (with_sequences(scratch, flag) for flag in (False, True))
        last, sequence = call(one, case), call(many, case)
        if not isinstance(last, tuple):
            last, sequence = (last,), (sequence,)
        assert same_bits(last[0], sequence[0][:, -1])
        assert same_bits(last[1:], sequence[1:])


def with_sequences(layer: Layer, flag: bool) -> Layer:
    """A copy of a recurrent layer that returns every step, or the last alone.

    Not unrolled: there Keras may zero other steps of the sequence than the last output is zeroed by.
    """
    other = layer.astype(layer.dtype)
    other.return_sequences, other.unroll = flag, False
    return other


def keras_model(case: Case, layer: Any) -> Any:
    """A Keras model of one layer."""
    keras = oracle.keras_module()
    dtype = {"float": "float32", "texts": "string"}.get
    inputs = [
        keras.Input(shape[1:], dtype=dtype(kind, "int32"))
        for kind, shape in zip(case.kinds, case.shapes, strict=True)
    ]
    if isinstance(case.shape, list):
        return keras.Model(inputs, layer(*inputs) if oracle.has_separate_inputs(layer) else layer(inputs))
    return keras.Sequential([*inputs, layer])


def check_file(entry: Entry, path: Path) -> None:
    """A model of this layer, saved by Keras and loaded by us, gives the bits that the live layer gives.

    So does the model behind a pickle, as worker processes get it.
    """
    case = entry.example
    with strength.example(entry.layer):
        layer = oracle.keras_layer(case)
        direct = oracle.scratch_layer(layer, case)
        keras_model(case, layer).save(path)
        model = load_model(path)
        expected = call(direct, replace(case, call=_plain(case)))
        assert same_bits(model.forward(case.inputs()), expected)
        assert same_bits(pickle.loads(pickle.dumps(model)).forward(case.inputs()), expected)


def _plain(case: Case) -> dict[str, Any]:
    """The call of a case without mask and states, which a model of one layer does not pass."""
    return {key: value for key, value in case.call.items() if key == "inputs"}


def check_refusal(entry: Entry, refusal: Refusal) -> None:
    """One row of the error table."""
    case = entry.example
    spec = oracle.layer_spec(case)
    config = {key: value for key, value in spec.config.items() if key not in refusal.remove}
    weights = spec.weights if refusal.weights is None else refusal.weights(spec.weights)
    bad = replace(spec, config={**config, **refusal.config}, weights=weights)
    expected = ScratchnnError if refusal.error is Exception else refusal.error
    with pytest.raises(expected, match=refusal.match):  # noqa: PT012 - either of the two may refuse
        layer = build_layer(bad, case.input_shape)
        assert refusal.input is not None or refusal.kwargs, f"{refusal.what} was accepted"
        (x, *more), _, _ = oracle.call_arguments(case)
        layer.forward(x if refusal.input is None else refusal.input, *more, **refusal.kwargs)


def is_inert(entry: Entry, key: str) -> bool:
    """Whether an option cannot matter at inference."""
    return (key in INERT_KEYS and key != "dtype") or key.endswith(INERT_SUFFIXES) or key in entry.inert


def check_option_types(entry: Entry) -> None:
    """A value of a type that no option has is refused by name; an inert option takes anything."""
    case = entry.example
    spec = oracle.layer_spec(case)
    accepted, refused = [], {}
    for key in spec.config:
        bad = replace(spec, config={**spec.config, key: {"wrong": "type"}})
        try:
            build_layer(bad, case.input_shape)
        except ScratchnnError as error:
            refused[key] = str(error)
        else:
            accepted += [] if is_inert(entry, key) else [key]
    assert not accepted, f"{entry.layer}: options that take any value in silence: {accepted}"
    inert = {key: message for key, message in refused.items() if is_inert(entry, key)}
    assert not inert, f"{entry.layer}: options that cannot matter at inference, but were refused: {inert}"
    unnamed = {key: text for key, text in refused.items() if key not in text and "wrong" not in text}
    assert not unnamed, f"{entry.layer}: messages that do not name the option: {unnamed}"


def check_left_out(entry: Entry) -> None:
    """A layer whose config lacks an option equals, in every attribute, the one with Keras's default there.

    An option may be asked for instead: Keras always writes it down.
    """
    for case in _with_defaults(entry.example):
        spec = oracle.layer_spec(case)
        whole = attributes(build_layer(spec, case.input_shape))
        for key, config in _lacking_one(spec.config, case.options):
            try:
                layer = build_layer(replace(spec, config=config), case.input_shape)
            except ConfigError as error:
                if f"{key!r} is missing" not in str(error):
                    raise
            else:
                assert attributes(layer) == whole, f"{entry.layer} without {key}"


def _with_defaults(case: Case) -> Iterator[Case]:
    """The case, and the case without each option that it can do without."""
    yield case
    for key in case.options:
        less = replace(case, options={other: value for other, value in case.options.items() if other != key})
        try:
            build_layer(oracle.layer_spec(less), case.input_shape)
        except Exception:  # Keras's, or ours where Keras notices in the call alone
            continue
        yield less


def _lacking_one(config: Any, given: Any) -> Iterator[tuple[str, Any]]:
    """The config without each of the options that are not given, in layers inside the layer too."""
    for key, value in config.items():
        if key not in given:
            yield key, {other: item for other, item in config.items() if other != key}
        elif isinstance(value, dict) and isinstance(value.get("config"), dict):
            for inner, changed in _lacking_one(value["config"], given[key]["config"]):
                yield f"{key}.{inner}", {**config, key: {**value, "config": changed}}


def attributes(value: Any) -> Any:
    """Everything that a layer holds but names (Keras counts them up), so that two layers can be compared."""
    if isinstance(value, Layer | Index):
        return type(value), {key: attributes(item) for key, item in vars(value).items() if key != "name"}
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return [attributes(item) for item in value]
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, np.random.Generator):
        return type(value)
    return None if isinstance(value, str) and value == "linear" else value  # two names of no activation


def check_constructor(entry: Entry) -> None:
    """Where a parameter of the constructor is one of Keras's too, it has the same default.

    Name and dtype come by keyword alone; anything else may come by its name.
    """
    keras = oracle.keras_module()
    keras_class = getattr(keras.layers, entry.layer, None) or getattr(keras.src.legacy.layers, entry.layer)
    ours, theirs = (inspect.signature(layer).parameters for layer in (LAYERS[entry.layer], keras_class))
    own = {name for part, names in OWN_DEFAULTS.items() if part in entry.layer for name in names}
    pairs = {
        name: (_meant(name, ours[name].default), _meant(name, theirs[name].default))
        for name in ours.keys() & theirs.keys() - own
    }
    differing = {
        n: pair for n, pair in pairs.items() if inspect.Parameter.empty not in pair and pair[0] != pair[1]
    }
    assert not differing, f"{entry.layer}: defaults that are not Keras's: {differing}"
    kinds = {name: parameter.kind for name, parameter in ours.items()}
    assert inspect.Parameter.POSITIONAL_ONLY not in kinds.values(), f"{entry.layer}: {kinds}"
    by_keyword = {kinds.get(key, inspect.Parameter.KEYWORD_ONLY) for key in ("name", "dtype")}
    assert by_keyword == {inspect.Parameter.KEYWORD_ONLY}, f"{entry.layer}: {kinds}"


def _meant(name: str, default: Any) -> Any:
    """A default in one way of writing it: one number where that is the size for all axes, and nothing for None."""
    if default is None:
        return MEANT_BY_NONE.get(name)
    return default[0] if isinstance(default, tuple) and len(set(default)) == 1 else default


def check_weights(entry: Entry) -> None:
    """Each weight missing, or of a shape that differs anywhere, is refused with the layer's name."""
    for case, more in _formats(entry.example):
        spec = oracle.layer_spec(case)
        for place, weight in enumerate(spec.weights):
            before, after = spec.weights[:place], spec.weights[place + 1 :]
            bad = [replace(weight, value=value) for value in _misshapen(weight.value)]
            for weights in ((*before, *after), *((*before, wrong, *after) for wrong in bad)):
                with pytest.raises(ScratchnnError, match=spec.name):
                    build_layer(replace(spec, weights=weights), case.input_shape)
        if spec.weights and more is not None:
            with pytest.raises(ScratchnnError, match=spec.name):
                build_layer(spec, more)


def _formats(case: Case) -> Iterator[tuple[Case, Any]]:
    """The case, and where the layer has an option for it the case with the channels in front.

    Beside it the shape of an input with a channel more; None where nobody says where the channels are.
    """
    if "data_format" not in oracle.layer_spec(case).config:
        yield case, None
        return
    batch, *spatial, channels = case.shape
    yield case, (None, *spatial, channels + 1)
    options = {**case.options, "data_format": "channels_first"}
    yield replace(case, shape=(batch, channels, *spatial), options=options), (None, channels + 1, *spatial)


def _misshapen(value: np.ndarray) -> Iterator[np.ndarray]:
    """The array with one element more or less along each axis, with one axis more, and with texts for numbers."""
    for axis in range(value.ndim):
        yield np.concatenate([value, value.take([0], axis)], axis)
        yield value.take(range(value.shape[axis] - 1), axis)
    yield value[..., None]
    yield value.astype(str)
