"""The value `Transcript`: what was said and when, and everything that is made from it."""
