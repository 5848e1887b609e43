"""The value `Audio`: which recording is meant, in whatever form it is given, and where its bytes are."""
