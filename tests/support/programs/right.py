"""A user's program that is right: a type checker finds nothing in it."""

from pathlib import Path

from langchain_core.messages import HumanMessage

from audio_core import Access, Audio, AudioClient, Provider
from langchain_audio import (
    AudioLoader,
    AudioParser,
    AudioToolkit,
    ChatAudio,
    TranscriptSplitter,
    cite,
    clip_block,
    find_citations,
    format_docs,
    restore_times,
    speech_in,
)
from llamaindex_audio import AudioLLM, AudioReader, ListenToolSpec, TranscriptNodeParser

row = Provider("mine", "https://example.org/v1", api_key_env=("MY_KEY",))
name: str = Path("provider.txt").read_text()

client = AudioClient("openai", model="m", timeout=30, access=["a", Path("b")])
print(client.transcribe("a.mp3", language="en", words=True, channels="separate").segments[0].start)
print(AudioClient(provider=name).transcribe(Audio.of("a.mp3", start=1, end=2)).text)
loader = AudioLoader(
    "folder", provider=row, granularity="window", window_seconds=20, on_error="skip", suffixes=[".mp3"]
)
chunks = TranscriptSplitter(20, unit="seconds").transform_documents(loader.load())
AudioParser(provider="cortecs", model="m", access=Access("folder"))
reader = AudioReader(provider="openrouter", model="m", granularity="file", store="jobs.sqlite", access="folder")
nodes = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(
    list(reader.lazy_load_data("a.mp3"))
)
chat = ChatAudio(model="m", provider="openai", temperature=0.5, max_retries=0, access="folder")
print(chat.invoke([HumanMessage("hi")]).text)
question = HumanMessage([clip_block(chunks[0]), {"type": "text", "text": "What is said? " + format_docs(chunks)}])
reply = chat.bind_tools(AudioToolkit(client=client, access="folder").get_tools()).invoke([question])
if speech := speech_in(reply):
    speech.save("reply.wav")
for citation in find_citations(reply.text, restore_times(chunks)):
    print(cite(citation.document), citation.start, citation.clip)
ListenToolSpec(client, access="folder").to_tool_list()
llm = AudioLLM(model="m", provider=row, temperature=0.5, context_window=32_000, base_url="https://example.org/v1")
print(llm.complete("hi").text)
