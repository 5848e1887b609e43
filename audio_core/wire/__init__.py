"""Request and response bodies as plain values, without I/O: chat messages, streams, tool calls, transcriptions."""
