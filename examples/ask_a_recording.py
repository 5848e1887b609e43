"""Ask a question about a clip of a recording.

python examples/ask_a_recording.py                                      # no key: the offline server
python examples/ask_a_recording.py --provider openrouter --model NAME   # with OPENROUTER_API_KEY in the environment
"""

from __future__ import annotations

from common import CALL, Settings, select_gateway
from langchain_core.messages import HumanMessage
from llama_index.core.llms import AudioBlock, ChatMessage, TextBlock

from langchain_audio import ChatAudio
from llamaindex_audio import AudioLLM

QUESTION = "What is the number of the caller's library card?"
CLIP = CALL.as_uri() + "#t=16,25"


def main() -> None:
    with select_gateway(__doc__) as settings:
        print("LangChain: ", ask_langchain(settings))
        print("LlamaIndex:", ask_llamaindex(settings))


def ask_langchain(settings: Settings) -> str:
    model = ChatAudio(**settings.chat, access=CALL.parent)
    question = HumanMessage([{"type": "audio", "url": CLIP}, {"type": "text", "text": QUESTION}])
    return model.invoke([question]).text


def ask_llamaindex(settings: Settings) -> str:
    llm = AudioLLM(**settings.chat, access=CALL.parent)
    question = ChatMessage(role="user", blocks=[AudioBlock(url=CLIP), TextBlock(text=QUESTION)])
    return llm.chat([question]).message.content or ""


if __name__ == "__main__":
    main()
