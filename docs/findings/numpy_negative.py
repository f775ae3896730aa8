"""np.negative into float32 with gaps of 16 bytes in memory repeats neighbours, with NumPy 2.4 on AVX-512."""

import numpy as np

numbers = np.arange(12, dtype=np.float32)
out = np.zeros_like(numbers)
np.negative(numbers[::4], out=out[::4])
right = -numbers[::4].copy()
print("np.negative", out[::4], "right:", right)
print("NumPy", np.__version__, "shows it" if not np.array_equal(out[::4], right) else "does not show it here")
apart = np.zeros_like(numbers)
np.multiply(numbers[::4], np.full(3, -1, np.float32), out=apart[::4])
assert np.array_equal(apart[::4], right)
