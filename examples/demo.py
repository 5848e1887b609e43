"""Transcribe, retrieve from and ask about one recording, in LangChain and in LlamaIndex.

    python examples/demo.py                                            # no key: PocketSphinx and the offline server
    python examples/demo.py --provider openrouter --model NAME         # with OPENROUTER_API_KEY in the environment

Add --transcription-model NAME to let the gateway transcribe too. The captions are written to demo-output/.
It also needs: pip install numpy llama-index-retrievers-bm25
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from common import CALL, TALK, Settings, select_gateway
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock
from llama_index.core.schema import BaseNode
from llama_index.core.schema import Document as Node
from llama_index.retrievers.bm25 import BM25Retriever
from retrieval import HashedNgramEmbeddings

from audio_core import AudioClient
from audio_core.transcript.segment import format_clock
from langchain_audio import AudioLoader, ChatAudio
from llamaindex_audio import AudioLLM, AudioReader

QUESTION = "How many million dollars does the new harbor wall cost?"
INSTRUCTION = f"Listen to the clip and answer: {QUESTION}"


def main() -> None:
    with select_gateway(__doc__) as settings:
        began = time.perf_counter()
        run_demo(settings)
        print(f"\nDone in {time.perf_counter() - began:.0f} s.")


def run_demo(settings: Settings) -> None:
    print_step(
        f"1. LangChain's AudioLoader and LlamaIndex's AudioReader turn {TALK.name} into timed Documents, side by side"
    )
    options = {"granularity": "window", "window_seconds": 15.0, **settings.transcription}
    with ProcessPoolExecutor(2) as pool:
        documents, nodes = pool.submit(load_documents, options), pool.submit(read_documents, options)
    print_documents("LangChain", [(document.metadata, document.page_content) for document in documents.result()])
    print_documents("LlamaIndex", [(node.metadata, node.text) for node in nodes.result()])

    print_step(f"2. Retrieve the stretch that answers: {QUESTION}")
    document, node = retrieve_langchain(documents.result()), retrieve_llamaindex(nodes.result())
    print(f"  LangChain:  {format_span(document.metadata)}\n  LlamaIndex: {format_span(node.metadata)}")

    print_step("3. Cut the stretch and let a chat model listen to it")
    ask_langchain(settings.chat, document)
    asyncio.run(ask_llamaindex(settings.chat, node))
    write_captions(settings)


def load_documents(options: dict[str, Any]) -> list[Document]:
    return AudioLoader(TALK, **options).load()


def read_documents(options: dict[str, Any]) -> list[Node]:
    return AudioReader(**options).load_data(TALK)


def retrieve_langchain(documents: list[Document]) -> Document:
    store = InMemoryVectorStore(HashedNgramEmbeddings())
    store.add_documents(documents)
    return store.similarity_search(QUESTION, k=1)[0]


def retrieve_llamaindex(nodes: list[Node]) -> BaseNode:
    return BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=1).retrieve(QUESTION)[0].node


def ask_langchain(chat: dict[str, Any], document: Document) -> None:
    model = ChatAudio(**chat, access=TALK.parent)
    clip = {"type": "audio", "url": document.metadata["clip"]}
    message = HumanMessage([clip, {"type": "text", "text": INSTRUCTION}])
    print(f"\nLangChain, whole:   {format_span(document.metadata)} {model.invoke([message]).text}")
    streamed = "".join(chunk.text for chunk in model.stream([message]))
    print(f"LangChain, stream:  {format_span(document.metadata)} {streamed}")


async def ask_llamaindex(chat: dict[str, Any], node: BaseNode) -> None:
    llm = AudioLLM(**chat, access=TALK.parent)
    message = ChatMessage(role="user", blocks=[AudioBlock(url=node.metadata["clip"]), TextBlock(text=INSTRUCTION)])
    response = await llm.achat([message])
    print(f"LlamaIndex, whole:  {format_span(node.metadata)} {response.message.content}")
    streamed = "".join([chunk.delta or "" async for chunk in await llm.astream_chat([message])])
    print(f"LlamaIndex, stream: {format_span(node.metadata)} {streamed}")


def write_captions(settings: Settings) -> None:
    print_step("4. Write captions")
    transcript = AudioClient(**(settings.transcription or {"provider": "local"})).transcribe(CALL)
    target = Path("demo-output") / "call.srt"
    target.parent.mkdir(exist_ok=True)
    target.write_text(transcript.to_srt())
    print(f"{target}: {len(transcript.segments)} captions of {format_clock(transcript.duration or 0)}; the first:\n")
    print("\n".join(transcript.to_srt().splitlines()[:3]))


def print_documents(framework: str, documents: list[tuple[dict[str, Any], str]]) -> None:
    print(f"\n{framework}: {len(documents)} Documents")
    for metadata, text in documents:
        print(f"  {format_span(metadata)} {text[:88]}{'…' if len(text) > 88 else ''}")
    print(f"  The last one's clip: …/{documents[-1][0]['clip'].rsplit('/', 1)[-1]}")


def format_span(metadata: dict[str, Any]) -> str:
    return f"[{format_clock(metadata['start'])}-{format_clock(metadata['end'])}]"


def print_step(title: str) -> None:
    print(f"\n=== {title}", flush=True)


if __name__ == "__main__":
    main()
