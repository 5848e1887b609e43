"""What is inside the bytes: format names, decoding, cutting, encoding."""
