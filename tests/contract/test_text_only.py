"""Whatever the gateway: a reply without times gives segments and words whose times are true, in both frameworks."""

import json
from pathlib import Path
from typing import Any

import pytest

from audio_core import PROVIDERS
from audio_core.testing import Reply, ScriptedGateway, chat_reply
from audio_core.transcript.timeline import Timeline
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

SENTENCES = json.loads((Path(__file__).parents[2] / "examples" / "audio" / "call.json").read_text())[:3]
TEXT = " ".join(sentence["text"] for sentence in SENTENCES)
WORDS = [word for sentence in SENTENCES for word in sentence["words"]]
REMOTE = [name for name, row in PROVIDERS.items() if row.transcription != "engine"]


def load(name: str, gateway: ScriptedGateway, call: Path, **options: Any) -> list[dict[str, Any]]:
    """Return the metadata of the Documents of both frameworks, which are the same."""
    gateway.will_answer(chat_reply(TEXT) if PROVIDERS[name].transcription == "chat" else Reply({"text": TEXT}))
    settings = {"provider": name, "model": "m", "api_key": "k", "base_url": gateway.base_url, **options}
    source = f"{call}#t=0,{SENTENCES[-1]['end'] + 0.3}"
    documents = AudioLoader(source, **settings).load()
    nodes = AudioReader(**settings).load_data(source)
    assert [document.metadata for document in documents] == [node.metadata for node in nodes]
    return [document.metadata for document in documents]


@pytest.mark.parametrize("name", REMOTE)
def test_text_alone_gives_a_segment_that_begins_and_ends_with_the_speech(
    name: str, gateway: ScriptedGateway, call: Path
) -> None:
    (metadata,) = load(name, gateway, call)
    assert metadata["start"] == pytest.approx(WORDS[0][1], abs=0.3)
    assert metadata["end"] == pytest.approx(WORDS[-1][2], abs=0.3)
    assert "estimated" not in metadata


@pytest.mark.parametrize("name", REMOTE)
def test_words_get_their_times_by_alignment(name: str, gateway: ScriptedGateway, call: Path) -> None:
    starts = [
        offset.start
        for metadata in load(name, gateway, call, words=True)
        for offset in Timeline.decode(metadata["timeline"], metadata["start"]).offsets
    ]
    assert len(starts) == len(WORDS)
    errors = sorted(abs(start - word[1]) for start, word in zip(starts, WORDS, strict=True))
    assert errors[int(len(errors) * 0.95)] <= 0.2
