"""Convolutions by Fourier transforms: within the same elementwise bound, and only where that can be known."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from scratchnn import load_model
from scratchnn.engine import convolution_blocks, fourier
from scratchnn.engine.convolution_blocks import Block
from scratchnn.engine.fourier import Fourier
from scratchnn.engine.geometry import Geometry
from scratchnn.engine.trust import Trust
from scratchnn.models.graph import Model

from .architectures import Builder
from .judge import judge
from .test_agreement import ACTIVATIONS, REGIMES, filled, fits, seeds

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.fixture
def _whenever_possible() -> object:
    """Transforms wherever they can be made, not only where they are faster."""

    def possible(geometry: object, channels: int, filters: int) -> bool:
        return geometry.strides == (1, 1) and geometry.dilation == (1, 1)

    with mock.patch.multiple(fourier, worthwhile=possible, LEAST_IMAGES=1):
        yield


def convolution(seed: int, channels: int, filters: int, kernel: tuple[int, int], **config: object) -> Model:
    """One convolution, with a pool of the kind that `pool` names; `scale` is of the weights."""
    pool, scale = config.pop("pool", None), config.pop("scale", 1.0)
    builder = Builder((None, None, None, channels), seed, scale=scale).conv(channels, filters, kernel, **config)
    return (builder if pool is None else builder.pool(pool)).model()


def trusted(model: Model, x: np.ndarray) -> np.ndarray:
    """Which images of a model of one convolution go through transforms."""
    (step,) = (step for step in _compiled(model, x).steps if hasattr(step, "blocks"))
    (block,) = step.blocks
    transform = block.transform(x.shape)
    none = np.zeros(len(x), bool)
    return none if transform is None else transform.trust.images(x.transpose(1, 2, 0, 3))


def _compiled(model: Model, x: np.ndarray) -> object:
    model.predict(x)
    return model._plan


@pytest.mark.usefixtures("_whenever_possible")
@given(
    drawn=st.data(),
    seed=seeds,
    regime=st.sampled_from([*REGIMES, "normal", "normal"]),
    batch=st.integers(1, 12),
    padding=st.sampled_from(["same", "valid"]),
    pool=st.sampled_from([None, "Max", "Average"]),
)
@settings(max_examples=settings.default.max_examples * 4)
def test_within_the_bound(
    drawn: st.DataObject, seed: int, regime: str, batch: int, padding: str, pool: str | None
) -> None:
    size = drawn.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)), label="size")
    kernel = drawn.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)), label="kernel")
    channels, filters = drawn.draw(st.sampled_from([1, 2, 8, 20])), drawn.draw(st.sampled_from([1, 3, 16]))
    activation, bias = drawn.draw(st.sampled_from(ACTIVATIONS)), drawn.draw(st.booleans())
    model = convolution(
        seed, channels, filters, kernel, padding=padding, pool=pool, activation=activation, use_bias=bias
    )
    x = filled((batch, *size, channels), seed, regime)
    if drawn.draw(st.booleans(), label="as behind a relu"):
        x = np.maximum(x, 0)
    assume(fits(model, x))
    passed = trusted(model, x)
    event("all images" if passed.all() else "some images" if passed.any() else "no image")
    judge(model, x)


@pytest.mark.usefixtures("_whenever_possible")
@given(
    seed=seeds,
    scale=st.sampled_from([1e-30, 1e-3, 1e3, 1e17, 1e30]),
    weights=st.sampled_from([1e-30, 1.0, 3e20]),
    batch=st.integers(1, 4),
)
def test_any_scale(seed: int, scale: float, weights: float, batch: int) -> None:
    model = convolution(seed, 4, 5, (5, 5), padding="same", scale=weights)
    judge(model, np.float32(scale) * filled((batch, 9, 8, 4), seed, "normal"))


@pytest.mark.usefixtures("_whenever_possible")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_what_one_image_holds_reaches_no_other(value: float) -> None:
    model, x = convolution(0, 4, 5, (5, 5), padding="same"), filled((6, 9, 8, 4), 0, "normal")
    expected = model.predict(x)
    x[2, 4, 4, 1] = value
    assert list(np.flatnonzero(~trusted(model, x))) == [2]
    got = model.predict(x)
    others = [0, 1, 3, 4, 5]
    assert np.array_equal(got[others], expected[others])
    far = model.forward(x)[2]
    assert np.array_equal(np.isnan(got[2]), np.isnan(far))  # what no window with the value sees is a number


@pytest.mark.usefixtures("_whenever_possible")
@pytest.mark.parametrize("scale", [1e-20, 1e-30])
def test_numbers_whose_squares_vanish_are_not_trusted(scale: float) -> None:
    """One number is far above all others, which their squares do not tell any more."""
    model = convolution(0, 2, 3, (7, 1), padding="same")
    x = np.full((8, 9, 4, 2), scale, np.float32)
    x[0, 0, 0, 0] *= np.float32(1e5)
    assert not trusted(model, x)[0]
    judge(model, x)


@pytest.mark.usefixtures("_whenever_possible")
def test_images_that_the_bound_leaves_no_room_for_go_the_plain_way() -> None:
    model, x = convolution(0, 4, 5, (5, 5), padding="same"), filled((6, 12, 12, 4), 0, "normal")
    assert trusted(model, x).all()
    x[1] = 0
    assert trusted(model, x).all()  # transforms of zeros are zeros
    x[1, 0, 0, 0] = 1  # most windows see nothing, others a single number
    x[3] *= 10.0 ** (-np.arange(12, dtype=np.float32) / 3)[:, None, None]  # the darker, the further down
    x[4] = 0
    x[4, ::3, ::3, 0] = 1  # every window sees something, but few numbers
    assert list(trusted(model, x)) == [True, False, True, False, False, True]
    judge(model, x)
    with mock.patch.object(fourier, "LEAST_IMAGES", 100):
        plain = convolution(0, 4, 5, (5, 5), padding="same").predict(x)
    fast = model.predict(x)
    assert np.array_equal(fast[[1, 3, 4]], plain[[1, 3, 4]])
    assert not np.array_equal(fast, plain)


@pytest.mark.parametrize("kernel", ["wide", "zero filter", "single weight", "NaN"])
def test_uneven_weights_are_not_transformed(kernel: str) -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(5, 5, 4, 3))
    if kernel == "wide":
        weights *= 10.0 ** rng.uniform(-10, 10, weights.shape)
    elif kernel == "NaN":
        weights[0, 0, 0, 0] = np.nan
    else:
        weights[..., 1] = 0
        weights[2, 2, 2, 1] = kernel == "single weight"
    conv = convolution(0, 4, 3, (5, 5)).layers[0]
    geometry = Geometry.of(conv, None, (1, 9, 9, 4))
    assert not Trust(geometry, weights, 1e30).possible
    assert Trust(geometry, rng.normal(size=(5, 5, 4, 3)), 1e30).possible


@pytest.mark.parametrize(("kernel", "chosen"), [((3, 3), False), ((5, 5), True), ((7, 7), True)])
def test_large_kernels_over_many_channels_are_transformed(kernel: tuple[int, int], chosen: bool) -> None:
    model, x = convolution(0, 32, 64, kernel, padding="same"), np.ones((9, 16, 16, 32), np.float32)
    assert trusted(model, x).all() == chosen
    first, images = convolution(0, 3, 32, kernel, padding="same"), np.ones((9, 32, 32, 3), np.float32)
    assert not trusted(first, images).any()


def test_transforms_are_made_once_and_small_batches_have_none() -> None:
    model, x = convolution(0, 8, 16, (7, 7), padding="same"), filled((20, 12, 12, 8), 0, "normal")
    with mock.patch.object(convolution_blocks, "fourier_of", side_effect=fourier.fourier_of) as made:
        model.predict(x, workers=1)  # of two threads that come at once, both make it
        model.predict(x[:9], workers=1)
        assert made.call_count == 1
    with mock.patch.object(Fourier, "bind", side_effect=AssertionError):
        few = model.predict(x[: fourier.LEAST_IMAGES - 1])
    judge(model, x)
    np.testing.assert_allclose(few, model.predict(x)[: len(few)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["cnn_32_64_k5_max", "cnn_32_64_k7_max"])
def test_golden_models_go_through_transforms_within_the_bound(name: str) -> None:
    model = load_model(GOLDEN / name / "model.keras")
    with np.load(GOLDEN / name / "golden.npz") as golden:
        x = golden["probe_inputs"]
    passed = list[bool]()

    def watch(trust: Trust, images: np.ndarray) -> np.ndarray:
        found = plain(trust, images)
        passed.extend(found)
        return found

    plain = Trust.images
    with mock.patch.object(Trust, "images", watch):
        judge(model, x)
    assert passed
    assert all(passed)


def test_blocks_say_what_they_transform() -> None:
    model = convolution(0, 8, 16, (7, 7), padding="same", strides=[2, 2])
    (step,) = _compiled(model, np.ones((9, 12, 12, 8), np.float32)).steps
    (block,) = step.blocks
    assert isinstance(block, Block)
    assert block.transform((9, 12, 12, 8)) is None  # strides leave out what a transform would compute
