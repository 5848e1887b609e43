"""What goes over the line: payloads and replies as values, without I/O."""
