"""Chat payloads."""

import json

from audio_core import Audio
from audio_core.audio.content import BytesContent
from audio_core.http.body import encode_json
from audio_core.testing import tone
from audio_core.wire.chat_request import AudioPart, EncodedAudio, build_payload, find_audio_parts


def test_audio_takes_the_place_of_its_block_and_nothing_else_moves() -> None:
    first, second = Audio.of(tone(0.1)), Audio.of(tone(0.2))
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [first, {"type": "text", "text": "or"}, second]},
    ]
    assert [(at, index) for at, index, _ in find_audio_parts(messages)] == [(1, 0), (1, 2)]
    sounds = {(1, 0): EncodedAudio(BytesContent(b"abc"), "wav"), (1, 2): EncodedAudio(BytesContent(b"defg"), "mp3")}
    body = build_payload("m", messages, sounds, {"temperature": 0, "seed": None})
    assert json.loads(b"".join(encode_json(body).iterate_pieces(1024))) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {
                "role": "user",
                "content": [
                    {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
                    {"type": "text", "text": "or"},
                    {"type": "input_audio", "input_audio": {"data": "ZGVmZw==", "format": "mp3"}},
                ],
            },
        ],
        "temperature": 0,
    }


def test_a_part_remembers_where_the_caller_put_it() -> None:
    audio = Audio.of(tone(0.1))
    messages = [{"role": "user", "content": [AudioPart(audio, 7, 3)]}, {"role": "user", "content": [audio]}]
    assert find_audio_parts(messages) == [(0, 0, AudioPart(audio, 7, 3)), (1, 0, AudioPart(audio, 1, 0))]
