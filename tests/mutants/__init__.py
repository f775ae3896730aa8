"""The power of the suite: known faults, each put into a copy in memory, that the ordinary tests must notice."""
