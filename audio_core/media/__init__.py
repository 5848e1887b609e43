"""Probe, demux, decode, segment and encode recordings."""
