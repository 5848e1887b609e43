"""A scripted gateway and generated audio, for tests of this project and of projects that use it.

They work with any test framework.

Example:
    >>> with ScriptedGateway() as gateway:
    ...     gateway.will_answer(chat_reply("hello"))
    ...     AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url).ask(tone(0.5), "Hi?").text
    'hello'
"""

from audio_core.testing.gateway import FormPart, Recorded, ScriptedGateway
from audio_core.testing.replies import Reply, chat_reply, chat_stream, speech_reply
from audio_core.testing.sounds import silence, tone

__all__ = [
    "FormPart",
    "Recorded",
    "Reply",
    "ScriptedGateway",
    "chat_reply",
    "chat_stream",
    "silence",
    "speech_reply",
    "tone",
]
