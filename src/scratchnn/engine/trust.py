"""When a convolution by Fourier transforms may stand in for the sum of products.

The bound of `scratchnn.agreement` for a sum of n products is elementwise, gamma(n)·Σ|x|·|w|: where the window of
an output is small, so is the bound. The error of a transform is not elementwise: it is about C·u·‖x‖·‖w‖ for the
whole image x and a filter w. So a transform is used only where the bound leaves room for it, with

    Σ|x|·|w|  about  S·mean|w|,  S = Σ|x| of the window.

That holds where neither singles out the other: the weights of a filter are of one size (EVEN), and the window's
mass lies on several of them (TAPS). Then the bound is above the error where sqrt(n)·S ≥ C·‖x‖·rms|w| / mean|w|.
C was 0.2 to 0.5 in measurements; MARGIN asks for several times that. Images that do not pass go the plain way.

This is no theorem: windows can be made whose mass lies on the smallest weights of some filter. The tests hold what
passes to the elementwise bound, on random models and on the golden ones.
"""

import numpy as np

from ..layers.base import Array
from .geometry import Geometry
from .steps import FLOAT32

# Root mean square of a filter's weights over their mean size, at most: 1.15 for uniform, 1.25 for normal weights.
EVEN = 2.0

# Terms that a window's mass lies on, at least, as S² / Σx².
TAPS = 8

# Norm of an image, at least: below it the squares of its numbers may vanish, and with them what is asked for.
SMALLEST = 1e-10

# What is asked for instead of the measured constant of the error.
MARGIN = 2.0


class Trust:
    """The test for one kernel and one size of images.

    Args:
        geometry: of the convolution.
        kernel: (height, width, channels, filters).
        largest: norm of an image, at most, so that nothing overflows on the way.
    """

    def __init__(self, geometry: Geometry, kernel: Array, largest: float) -> None:
        self._rows, self._columns = geometry.seen(0), geometry.seen(1)
        self._ones = np.ones((kernel.shape[2], 1), FLOAT32)
        sizes = np.abs(np.asarray(kernel, np.float64).reshape(-1, kernel.shape[-1]))
        with np.errstate(all="ignore"):
            ratios = np.sqrt((sizes**2).mean(axis=0)) / sizes.mean(axis=0)
        ratio = float(np.max(ratios, initial=1.0))  # NaN for a filter of zeros, which is not even
        self.possible = bool(ratio <= EVEN) and largest > 0
        self._share = MARGIN * ratio / np.sqrt(len(sizes))
        self._largest = largest

    def images(self, x: Array) -> Array:
        """Which images may be transformed: (images,) of bool.

        Args:
            x: (height, width, images, channels), float32.
        """
        with np.errstate(all="ignore"):
            mass, energy = self._sums(np.abs(x)), self._sums(x * x)
            windows, energies = self._over_windows(mass), self._over_windows(energy)
            norm = np.sqrt(energy.sum(axis=(0, 1), dtype=np.float64))
            spread = np.square(windows, dtype=np.float64) >= TAPS * energies.astype(np.float64)
            enough = windows.min(axis=(0, 1)) >= self._share * norm
            in_range = (norm <= self._largest) & ((norm >= SMALLEST) | (mass.max(axis=(0, 1)) == 0))
            found: Array = spread.all(axis=(0, 1)) & enough & in_range
        return found

    def _sums(self, x: Array) -> Array:
        """Over the channels: (height, width, images)."""
        return np.matmul(x.reshape(-1, x.shape[-1]), self._ones).reshape(x.shape[:-1])

    def _over_windows(self, x: Array) -> Array:
        """Over each window: (height, width, images) -> (out height, out width, images)."""
        height, width, images = x.shape
        down = np.matmul(self._rows, x.reshape(height, -1)).reshape(-1, width, images)
        return np.matmul(self._columns, down)
