"""Training jobs: the report's experiments as data, their runs, and the golden models they give.

Only this package (and the tests) trains; `scratchnn` itself never imports it. Keras and
TensorFlow are imported inside the functions that need them, so that listing the experiments or
reading a data set costs neither.
"""
