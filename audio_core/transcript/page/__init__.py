"""Pages to look at and listen to: a transcript in a player, and an answer with the clips that it cites.

A page is one HTML file that asks the network for nothing but the sound. It is made from values alone.
"""
