"""Embeddings for the examples that need no download. Use a real embedding model instead."""

from __future__ import annotations

import zlib

import numpy as np
from langchain_core.embeddings import Embeddings

SIZE, GRAM = 4096, 4


class HashedNgramEmbeddings(Embeddings):
    """Counts of character four-grams, which still match where the recognizer misspelled a part of the text."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = np.zeros(SIZE)
        padded = f" {' '.join(text.lower().split())} "
        for start in range(len(padded) - GRAM + 1):
            vector[zlib.crc32(padded[start : start + GRAM].encode()) % SIZE] += 1
        return (np.sqrt(vector) / (np.linalg.norm(np.sqrt(vector)) or 1)).tolist()
