"""Speed and memory against other programs: see `__main__`."""

import os

# Every program takes the kernels that it chooses itself for this processor. The variable, where it is set, would
# hold NumPy alone to kernels of another one.
os.environ.pop("OPENBLAS_CORETYPE", None)
