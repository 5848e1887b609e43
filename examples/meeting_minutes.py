"""Minutes of a meeting as structured output: what was decided, by whom, and when it was said.

    python examples/meeting_minutes.py                                     # no key: PocketSphinx and the offline server
    python examples/meeting_minutes.py --provider openrouter --model NAME  # with OPENROUTER_API_KEY in the environment

The offline server fills the fields with a number and a text from the prompt. A real model writes minutes.
"""

from __future__ import annotations

from common import CALL, Settings, select_gateway
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, Field

from audio_core import AudioClient, Transcript
from audio_core.transcript.segment import format_clock
from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

TASK = "These are the words of a conversation, each line with its time. Write the minutes.\n\n{transcript}"


class Decision(BaseModel):
    """Something that was agreed on."""

    what: str = Field(description="What was decided, in one sentence.")
    owner: str = Field(description="Who will do it.")
    start: float = Field(description="Second at which it was said.")


class Minutes(BaseModel):
    """The minutes of a meeting."""

    decisions: list[Decision]


def main() -> None:
    with select_gateway(__doc__) as settings:
        transcript = AudioClient(**(settings.transcription or {"provider": "local"})).transcribe(CALL)
        print_minutes("LangChain", write_minutes_langchain(settings, transcript), transcript)
        print_minutes("LlamaIndex", write_minutes_llamaindex(settings, transcript), transcript)


def write_minutes_langchain(settings: Settings, transcript: Transcript) -> Minutes:
    model = ChatAudio(**settings.chat).with_structured_output(Minutes, method="json_schema")
    return model.invoke(TASK.format(transcript=transcript.to_text(timestamps=True)))


def write_minutes_llamaindex(settings: Settings, transcript: Transcript) -> Minutes:
    llm = AudioLLM(**settings.chat)
    return llm.structured_predict(Minutes, PromptTemplate(TASK), transcript=transcript.to_text(timestamps=True))


def print_minutes(framework: str, minutes: Minutes, transcript: Transcript) -> None:
    print(f"{framework}:")
    for decision in minutes.decisions:
        segment = min(transcript.segments, key=lambda each: abs(each.start - decision.start))
        print(f"- {decision.what[:60]!r}, {decision.owner[:20]!r} [{format_clock(segment.start)}] {segment.text!r}")


if __name__ == "__main__":
    main()
