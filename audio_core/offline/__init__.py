"""An OpenAI-compatible speech server for a laptop without a key: PocketSphinx behind a well-known API.

Run it with `python -m audio_core.offline`, or for a test with `with running() as base_url:`. It listens on this machine
only. It is modest (about one word in four wrong on read English) and honest: a chat answer is what was heard in the clips,
not a thought about them.
"""
