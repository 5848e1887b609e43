"""Retrieval that needs no download, for the examples; put a real embedding model in its place."""

from __future__ import annotations

import zlib

import numpy as np
from langchain_core.embeddings import Embeddings

SIZE, GRAM = 4096, 4


class HashedNgramEmbeddings(Embeddings):
    """Counts of character four-grams: they find a word although the recogniser misspelt the one beside it."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = np.zeros(SIZE)
        padded = f" {' '.join(text.lower().split())} "
        for at in range(len(padded) - GRAM + 1):
            vector[zlib.crc32(padded[at : at + GRAM].encode()) % SIZE] += 1
        return (np.sqrt(vector) / (np.linalg.norm(np.sqrt(vector)) or 1)).tolist()
