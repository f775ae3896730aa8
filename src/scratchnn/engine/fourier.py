"""Convolutions with large kernels or many channels as products of Fourier transforms, matrix products too.

A convolution is a product of spectra, frequency by frequency. For images of a few dozen pixels the transforms cost
little as plain matrix products with tables of cosines and sines, because many images and channels go through them
at once; and a product of spectra has as many terms as there are channels, not kernel_height · kernel_width times
as many. A 7x7 kernel on 16x16 images takes a quarter of the time of the plain way.

The arrays have the images inside, (height, width, images, channels): the rows of each product are then frequencies
or images, and its columns lie side by side in memory.

    x (H, W, n, C)  --down-->  (frequency, re|im, W, n, C)          for each frequency down the image:
                    --across-> (frequency across, re|im|re+im, n, C)
                    --spectrum of the kernel-> (frequency across, 3 products, n, F)
                    --back---> (re|im, out W, n, F)
                    --up-----> y (out H, out W, n, F)

A product of complex numbers takes three real ones instead of four: with p = re·wr, q = im·wi and
s = (re + im)·(wr + wi), the real part is p - q and the imaginary part s - p - q. The sums are in the tables.

An image enters each product as columns of its own, so what one image holds reaches no other. Images that `trust`
does not pass go the plain way.
"""

import math

import numpy as np

from ..layers.base import Array
from .finishing import Call
from .geometry import Geometry
from .steps import FLOAT32
from .trust import Trust

# Images that go through at a time, and how few may: products of fewer rows are slow.
IMAGES, LEAST_IMAGES = 32, 8

# Time of a multiplication here over that of one in the plain way, whose products are larger.
PRICE = 2


class Fourier:
    """The tables and the spectrum for one kernel and one size of images.

    Args:
        geometry: of the convolution and its pooling, with strides and dilation of 1.
        kernel: (height, width, channels, filters).

    Attributes:
        trust: which images may go this way.
    """

    def __init__(self, geometry: Geometry, kernel: Array) -> None:
        self._size, self._out = geometry.size, geometry.pooled
        down, across = _periods(geometry)
        rows, columns = down // 2 + 1, across  # frequencies: of real numbers, half of them say all
        before = [first for first, _ in geometry.padding]
        self._down = _cut(_real_forward(down, self._size[0]))
        self._across = _cut(_complex_forward(across, self._size[1]))
        self._back = _cut(_complex_inverse(across, np.arange(self._out[1]) - before[1]))
        self._up = _cut(_real_inverse(down, np.arange(self._out[0]) - before[0]))
        spectrum = np.fft.fft(np.fft.rfft(np.asarray(kernel, np.float64), n=down, axis=0), n=across, axis=1)
        wr, wi = spectrum.real, -spectrum.imag  # the conjugate: Keras's convolution does not turn the kernel round
        self._spectrum = _cut(np.stack([wr, wi, wr + wi], axis=2)).reshape(rows, 3 * columns, *kernel.shape[2:])
        with np.errstate(all="ignore"):
            terms = np.sqrt(math.prod(self._size) * kernel.shape[2])
            largest = np.finfo(np.float32).max / (16 * terms * np.abs(self._spectrum).max())
        self.trust = Trust(geometry, kernel, float(largest))

    def bind(self, images: int) -> tuple[Array, Array, list[Call]]:
        """Buffers for so many images, (height, width, images, channels) in and out, and the calls between them."""
        x = np.zeros((*self._size, images, self._spectrum.shape[2]), FLOAT32)
        y = np.zeros((*self._out, images, self._spectrum.shape[3]), FLOAT32)
        return x, y, [_Run(x, y, self._down, self._across, self._spectrum, self._back, self._up)]


class _Run:
    """The products for a number of images, with their buffers."""

    def __init__(
        self, x: Array, y: Array, down: Array, across: Array, spectrum: Array, back: Array, up: Array
    ) -> None:
        self._down, self._across, self._spectrum, self._back, self._up = down, across, spectrum, back, up
        (height, width, images, channels), (out_height, out_width, _, filters) = x.shape, y.shape
        self._x, self._y = x.reshape(height, -1), y.reshape(out_height, -1)
        self._rows = np.empty((len(spectrum), 2 * width, images * channels), FLOAT32)
        self._given = np.empty((len(across), images, channels), FLOAT32)
        self._made = np.empty((len(across), images, filters), FLOAT32)
        self._results = np.empty((len(spectrum), 2 * out_width, images * filters), FLOAT32)

    def __call__(self) -> None:
        """Convolve."""
        given, made = self._given.reshape(len(self._given), -1), self._made.reshape(len(self._made), -1)
        np.matmul(self._down, self._x, out=self._rows.reshape(len(self._down), -1))
        for row, spectrum, result in zip(self._rows, self._spectrum, self._results, strict=True):
            np.matmul(self._across, row, out=given)
            np.matmul(self._given, spectrum, out=self._made)
            np.matmul(self._back, made, out=result)
        np.matmul(self._up, self._results.reshape(self._up.shape[1], -1), out=self._y)


def fourier_of(geometry: Geometry, kernel: Array) -> Fourier | None:
    """The transforms; None where the plain way is better, or no image could be trusted to them.

    Args:
        geometry: of the convolution and its pooling.
        kernel: (height, width, channels, filters).
    """
    if not worthwhile(geometry, *kernel.shape[2:]):
        return None
    made = Fourier(geometry, kernel)
    return made if made.trust.possible else None


def worthwhile(geometry: Geometry, channels: int, filters: int) -> bool:
    """Whether the transforms take less time than the plain way, by the number of multiplications."""
    if geometry.strides != (1, 1) or geometry.dilation != (1, 1):
        return False
    (height, width), (out_height, out_width), (down, columns) = geometry.size, geometry.pooled, _periods(geometry)
    rows, taps = down // 2 + 1, geometry.kernel[0] * geometry.kernel[1]
    forward = 2 * rows * width * channels * (height + 3 * columns)
    back = 2 * rows * out_width * filters * (out_height + 3 * columns)
    products = 3 * rows * columns * channels * filters
    return PRICE * (forward + products + back) < out_height * out_width * taps * channels * filters


def _periods(geometry: Geometry) -> tuple[int, int]:
    """Lengths along height and width after which the image repeats: what a window sees beyond an end is 0."""
    axes = zip(geometry.size, geometry.pooled, geometry.kernel, geometry.padding, strict=True)
    down, across = (size + max(before, out + k - 1 - before - size, 0) for size, out, k, (before, _) in axes)
    return down, across


def _angles(period: int, frequencies: int, places: Array) -> Array:
    """2π·f·place / period, (frequency, place); the product is taken modulo the period first, which is exact."""
    return 2 * np.pi * (np.outer(np.arange(frequencies), places) % period) / period


def _real_forward(period: int, size: int) -> Array:
    """Real numbers to (frequency · re|im, size)."""
    angles = _angles(period, period // 2 + 1, np.arange(size))
    return np.stack([np.cos(angles), -np.sin(angles)], axis=1).reshape(-1, size)


def _complex_forward(period: int, size: int) -> Array:
    """(re|im · size) to (frequency · re|im|re+im)."""
    angles = _angles(period, period, np.arange(size))
    c, s = np.cos(angles), -np.sin(angles)
    of_real, of_imaginary = np.stack([c, s, c + s], axis=1), np.stack([-s, c, c - s], axis=1)
    return np.concatenate([of_real, of_imaginary], axis=2).reshape(-1, 2 * size)


def _complex_inverse(period: int, places: Array) -> Array:
    """The three products of each frequency to (re|im · places)."""
    angles = _angles(period, period, places).T
    c, s = np.cos(angles) / period, np.sin(angles) / period
    real, imaginary = np.stack([c + s, s - c, -s], axis=2), np.stack([s - c, -s - c, c], axis=2)
    return np.concatenate([real, imaginary]).reshape(2 * len(places), -1)


def _real_inverse(period: int, places: Array) -> Array:
    """(frequency · re|im) to real numbers at the places: a frequency and its mirror image count together."""
    frequencies = period // 2 + 1
    alone = (np.arange(frequencies) * 2) % period == 0
    weights = np.where(alone, 1, 2)[:, None] / period
    angles = _angles(period, frequencies, places)
    table = np.stack([weights * np.cos(angles), -weights * np.sin(angles)], axis=1)
    return table.reshape(-1, len(places)).T


def _cut(table: Array) -> Array:
    """The table in float32, contiguous."""
    return np.ascontiguousarray(table, FLOAT32)
