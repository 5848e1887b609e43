"""Questions about a recording whose answer times are known: does the cited chunk hold the answer? How far off is it?

    python benchmarks/retrieval.py

The recording is `talk.ogg`, transcribed by PocketSphinx (one word in nine is wrong). The times of its sentences are
those of flite, which synthesized it. Retrieval uses the examples' hashed n-grams and BM25. Neither needs a model, so
the results are a lower bound of what to expect.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))

from langchain_core.vectorstores import InMemoryVectorStore  # noqa: E402
from llama_index.core.schema import Document as Node  # noqa: E402
from llama_index.retrievers.bm25 import BM25Retriever  # noqa: E402
from measuring import print_table  # noqa: E402
from retrieval import HashedNgramEmbeddings  # noqa: E402

from langchain_audio import AudioLoader, TranscriptSplitter  # noqa: E402
from llamaindex_audio import TranscriptNodeParser  # noqa: E402

TALK = EXAMPLES / "audio" / "talk.ogg"
SECONDS = 20  # maximum length of a chunk
Search = Callable[[str], list[dict[str, Any]]]  # returns the metadata of the chunks found, the best first

# Each question, with words of the sentence that answers it.
QUESTIONS = [
    ("How long has Robert worked on the docks?", "worked on these docks"),
    ("When was the lighthouse built?", "built in eighteen ninety"),
    ("Until when did the lamp burn oil?", "lamp burned oil"),
    ("When does the fish market open?", "opens at four in the morning"),
    ("Which fish gets the best price?", "silver salmon"),
    ("Where does the wind come from?", "mostly from the west"),
    ("What do red clouds in the evening mean?", "red clouds in the evening"),
    ("How many cars can the ferry carry?", "sixty cars"),
    ("How long does the new electric ferry charge its batteries?", "charge its batteries"),
    ("How many kinds of birds have been counted?", "ninety kinds of birds"),
    ("Where should dogs be kept away from?", "southern beach"),
    ("How many children and teachers are in the school?", "twenty four children"),
    ("Where is the rain water collected?", "large tanks"),
    ("What will take the salt out of the sea water?", "takes the salt"),
    ("How many million dollars will the new harbor wall cost?", "nine million dollars"),
    ("How many men built the old stone bridge?", "twelve men"),
    ("Why should one bring a warm coat to the bridge?", "warm coat"),
    ("On which day is the boat race?", "first Saturday of August"),
    ("How old was the winner of the race?", "seventy two years"),
    ("Where does one write to join the race?", "write to the harbor office"),
]


def main() -> None:
    sentences = json.loads(TALK.with_suffix(".json").read_text())
    documents = AudioLoader(TALK).load()
    chunks = TranscriptSplitter(SECONDS, unit="seconds").split_documents(documents)
    store = InMemoryVectorStore.from_documents(chunks, HashedNgramEmbeddings())
    hashed = evaluate(lambda question: [d.metadata for d in store.similarity_search(question, k=3)], sentences)
    nodes = TranscriptNodeParser(chunk_size=SECONDS, unit="seconds").get_nodes_from_documents(
        [Node(id_=each.id, text=each.page_content, metadata=each.metadata) for each in documents]
    )
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=3)
    bm25 = evaluate(lambda question: [node.metadata for node in retriever.retrieve(question)], sentences)
    title = f"{len(QUESTIONS)} questions, {len(chunks)} chunks of up to {SECONDS} s"
    columns = ("the first chunk holds the answer", "one of three does", "mean distance of the first")
    print_table(title, columns, [("hashed n-grams", *hashed), ("BM25", *bm25)])


def evaluate(search: Search, sentences: list[dict[str, Any]]) -> tuple[str, str, str]:
    """Ask all questions and return the cells of the row.

    Args:
        search: the retriever to evaluate.
        sentences: the sentences of the recording, with their times.
    """
    first_hits, any_hits, first_distances = 0, 0, list[float]()
    for question, words in QUESTIONS:
        truth = next(sentence for sentence in sentences if words in sentence["text"])
        distances = [compute_distance(metadata, truth) for metadata in search(question)]
        first_hits += distances[0] == 0
        any_hits += min(distances) == 0
        first_distances.append(distances[0])
    count = len(QUESTIONS)
    return f"{first_hits} of {count}", f"{any_hits} of {count}", f"{statistics.mean(first_distances):.1f} s"


def compute_distance(metadata: dict[str, Any], truth: dict[str, Any]) -> float:
    """Return the seconds from a chunk to the middle of the sentence with the answer; 0 if the chunk holds the middle.

    Args:
        metadata: the chunk's metadata.
        truth: the sentence with its times.
    """
    middle = (truth["start"] + truth["end"]) / 2
    return max(0.0, metadata["start"] - middle, middle - metadata["end"])


if __name__ == "__main__":
    main()
