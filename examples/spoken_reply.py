"""Ask a spoken question and save the spoken reply.

    python examples/spoken_reply.py                                      # no key: the offline server
    python examples/spoken_reply.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

The replies are written to demo-output/. The offline server speaks with flite or espeak-ng, if one is installed; else it
returns the question's audio.
"""

from __future__ import annotations

from pathlib import Path

from common import CALL, Settings, select_gateway
from langchain_core.messages import HumanMessage
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import Speech
from langchain_audio import ChatAudio
from langchain_audio import speech_in as speech_in_message
from llamaindex_audio import AudioLLM, speech_in

CLIP = CALL.as_uri() + "#t=0,5"
SPEECH_OPTIONS = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}


def main() -> None:
    with select_gateway(__doc__) as settings:
        save_reply("LangChain", ask_langchain(settings))
        save_reply("LlamaIndex", ask_llamaindex(settings))


def ask_langchain(settings: Settings) -> Speech | None:
    model = ChatAudio(**settings.chat, **SPEECH_OPTIONS, access=CALL.parent)
    return speech_in_message(model.invoke([HumanMessage([{"type": "audio", "url": CLIP}])]))


def ask_llamaindex(settings: Settings) -> Speech | None:
    llm = AudioLLM(**settings.chat, **SPEECH_OPTIONS, access=CALL.parent)
    return speech_in(llm.chat([ChatMessage(role="user", blocks=[AudioBlock(url=CLIP)])]).message)


def save_reply(framework: str, speech: Speech | None) -> None:
    if speech is None:
        print(f"{framework}: the model said nothing aloud.")
        return
    target = Path("demo-output") / f"reply-{framework.lower()}.wav"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(speech.data)
    print(f"{framework}: {speech.transcript} ({len(speech.data):,} bytes of {speech.format} in {target})")


if __name__ == "__main__":
    main()
