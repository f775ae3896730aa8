"""Other oracles than Keras on TensorFlow: what each says of the same tests, and a table of where they differ."""
