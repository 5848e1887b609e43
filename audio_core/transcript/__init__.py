"""Transcripts: what was said in a recording and when, and the passages, chunks and captions made from it."""
