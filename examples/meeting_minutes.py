"""Minutes of a meeting as structured output: what was decided, by whom, and when it was said.

    python examples/meeting_minutes.py                                      # no key: PocketSphinx and the offline server
    python examples/meeting_minutes.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

The offline server fills the form with what lies at hand; a real model writes minutes.
"""

from __future__ import annotations

from common import CALL, Gateway, gateway
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
    with gateway(__doc__) as chosen:
        transcript = AudioClient(**(chosen.reading or {"provider": "local"})).transcribe(CALL)
        show("LangChain", minutes_langchain(chosen, transcript), transcript)
        show("LlamaIndex", minutes_llamaindex(chosen, transcript), transcript)


def minutes_langchain(chosen: Gateway, transcript: Transcript) -> Minutes:
    model = ChatAudio(**chosen.chat).with_structured_output(Minutes, method="json_schema")
    return model.invoke(TASK.format(transcript=transcript.to_text(timestamps=True)))


def minutes_llamaindex(chosen: Gateway, transcript: Transcript) -> Minutes:
    llm = AudioLLM(**chosen.chat)
    return llm.structured_predict(Minutes, PromptTemplate(TASK), transcript=transcript.to_text(timestamps=True))


def show(framework: str, minutes: Minutes, transcript: Transcript) -> None:
    print(f"{framework}:")
    for decision in minutes.decisions:
        said = min(transcript.segments, key=lambda segment: abs(segment.start - decision.start))
        print(f"- {decision.what[:60]!r}, {decision.owner[:20]!r} [{format_clock(said.start)}] {said.text!r}")


if __name__ == "__main__":
    main()
