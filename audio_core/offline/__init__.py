"""An OpenAI-compatible speech server that needs no key and no network. PocketSphinx transcribes.

Run it with `python -m audio_core.offline`, or in a test with `with running() as base_url:`. By default it listens on
this machine only. About one word in four is wrong on read English. There is no chat model: a chat response repeats the
transcript of the clips.
"""
