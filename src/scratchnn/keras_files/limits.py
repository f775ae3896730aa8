"""What a model file may cost: beyond these it is refused before anything large is allocated.

Real models of the kind that NumPy runs stay far below. A limit that is too low for an honest file can be raised
by assigning to these names, e.g. `scratchnn.keras_files.limits.MAX_BYTES = 16 << 30`.
"""

# Bytes of everything that is read from one file, after decompression.
MAX_BYTES = 4 << 30
# Decompressed bytes for each stored byte; deflate cannot reach more than 1032 (https://zlib.net/zlib_tech.html).
MAX_EXPANSION = 1100
# Decompressed bytes that are no reason to look at the expansion: a config of many equal layers shrinks well.
SMALL = 1 << 20
# Bytes of one text (config, metadata, a list of names).
MAX_TEXT = 64 << 20
# Lists and objects, and values, of one text of JSON. Real models have some ten thousand; constants have values.
MAX_CONTAINERS = 1_000_000
MAX_VALUES = 10_000_000
# Objects inside each other: groups in HDF5, lists and objects in JSON.
MAX_DEPTH = 100
# Characters of a layer's name.
MAX_NAME = 1000
# Members of an archive; groups and arrays of an HDF5 file.
MAX_MEMBERS = 100_000
# Elements that one sample may have anywhere in the model.
MAX_ELEMENTS = 1 << 31
