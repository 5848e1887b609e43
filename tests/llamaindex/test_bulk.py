from pathlib import Path
from typing import Any

import pytest
from job_rows import write_job
from llama_index.core.schema import MetadataMode
from pydantic import ValidationError

from audio_core.testing import Reply, ScriptedGateway, tone
from llamaindex_audio import AudioReader, BulkReader

SEGMENTS = [{"start": float(second), "end": second + 0.9, "text": f"word {second}."} for second in range(3)]
REPLY = Reply({"text": "word 0. word 1. word 2.", "language": "en", "segments": SEGMENTS})


@pytest.mark.parametrize("split", [{}, {"granularity": "file"}, {"granularity": "window", "window_seconds": 2.0}])
def test_a_jobs_documents_are_those_of_the_reader(tmp_path: Path, split: dict[str, Any]) -> None:
    (tmp_path / "a.wav").write_bytes(tone(3.0))
    with ScriptedGateway() as gateway:
        gateway.will_answer(REPLY)
        options = {"provider": "openai", "model": "whisper-1", "api_key": "k", "base_url": gateway.base_url}
        output = write_job(tmp_path / "out", [str(tmp_path / "a.wav")], **options)
        expected = AudioReader(**options, **split).load_data(str(tmp_path / "a.wav"))
    documents = BulkReader(**split).load_data(output)
    assert documents == expected
    shown = [each.get_content(MetadataMode.LLM) for each in documents]
    assert shown == [each.get_content(MetadataMode.LLM) for each in expected]


def test_the_reader_comes_back_from_what_llamaindex_stores() -> None:
    reader = BulkReader(granularity="window", window_seconds=20.0)
    assert BulkReader.from_dict(reader.to_dict()) == reader


def test_options_are_checked_before_anything_is_read() -> None:
    with pytest.raises(ValidationError, match="need granularity='window'"):
        BulkReader(window_seconds=3.0)
    with pytest.raises(ValidationError, match="Did you mean 'granularity'"):
        BulkReader(granularit="file")
