"""Trained Keras models run in NumPy alone."""
