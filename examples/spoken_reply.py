"""Ask aloud, and be answered aloud.

    python examples/spoken_reply.py                                      # no key: the offline server
    python examples/spoken_reply.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment

The replies go to demo-output/. The offline server has no voice: it plays what it heard.
"""

from __future__ import annotations

from pathlib import Path

from common import CALL, Gateway, gateway
from langchain_core.messages import HumanMessage
from llama_index.core.llms import AudioBlock, ChatMessage

from audio_core import Speech
from langchain_audio import ChatAudio
from langchain_audio import speech_in as speech_in_message
from llamaindex_audio import AudioLLM, speech_in

CLIP = CALL.as_uri() + "#t=0,5"
ALOUD = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}


def main() -> None:
    with gateway(__doc__) as chosen:
        keep("LangChain", speak_langchain(chosen))
        keep("LlamaIndex", speak_llamaindex(chosen))


def speak_langchain(chosen: Gateway) -> Speech | None:
    model = ChatAudio(**chosen.chat, **ALOUD, access=CALL.parent)
    return speech_in_message(model.invoke([HumanMessage([{"type": "audio", "url": CLIP}])]))


def speak_llamaindex(chosen: Gateway) -> Speech | None:
    llm = AudioLLM(**chosen.chat, **ALOUD, access=CALL.parent)
    return speech_in(llm.chat([ChatMessage(role="user", blocks=[AudioBlock(url=CLIP)])]).message)


def keep(framework: str, speech: Speech | None) -> None:
    if speech is None:
        print(f"{framework}: the model said nothing aloud.")
        return
    target = Path("demo-output") / f"reply-{framework.lower()}.wav"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(speech.data)
    print(f"{framework}: {speech.transcript} ({len(speech.data):,} bytes of {speech.format} in {target})")


if __name__ == "__main__":
    main()
