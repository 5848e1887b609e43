"""`Audio`, the value that names a recording given in any form, and what parses, names and opens it."""
