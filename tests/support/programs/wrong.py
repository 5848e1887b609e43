"""A user's program with typos: a type checker finds one in each line that is marked, and in no other."""

from audio_core import AudioClient
from langchain_audio import AudioLoader, AudioParser, ChatAudio, TranscriptSplitter
from llamaindex_audio import AudioLLM, AudioReader, TranscriptNodeParser

AudioClient(provder="openai")  # wrong
AudioClient(timeout="long")  # wrong
AudioClient().transcribe("a.mp3", word_timestamps=True)  # wrong
AudioClient().transcribe("a.mp3", channels="stereo")  # wrong
AudioClient().timeout = 5  # wrong
AudioLoader("a.mp3", temprature=1)  # wrong
AudioLoader("a.mp3", granularity="bogus")  # wrong
AudioLoader("a.mp3", on_error="ignore")  # wrong
AudioLoader(file_path="a.mp3")  # wrong
AudioParser(vad="webrtc")  # wrong
AudioReader(temprature=1)  # wrong
AudioReader(granularity="bogus")  # wrong
AudioReader(provider=5)  # wrong
ChatAudio(model="m", temprature=1)  # wrong
ChatAudio(model="m", provder="x")  # wrong
ChatAudio(model="m", max_retries="two")  # wrong
ChatAudio()  # wrong
AudioLLM(model="m", temprature=1)  # wrong
AudioLLM(model="m", stop="x")  # wrong
AudioLLM()  # wrong
TranscriptSplitter(unit="words")  # wrong
TranscriptNodeParser(unit="words")  # wrong
TranscriptNodeParser(chunksize=3)  # wrong
