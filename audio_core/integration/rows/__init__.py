"""Transcripts as rows of Parquet files."""
