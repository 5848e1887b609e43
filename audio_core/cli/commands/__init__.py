"""The commands, one a file. Each is its own documentation: the docstring is what `--help` shows."""
