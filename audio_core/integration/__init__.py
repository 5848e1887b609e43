"""What both plugins share, and the only door through which they enter the core besides its public names."""
