"""What a refusal says about a recording, in the words of many gateways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core.audio.content import BytesContent, EncodedAudio
from audio_core.errors import ContextOverflow, InvalidRequest
from audio_core.wire.refusals import Refusal, parse_refusal

MB = 10**6
SENT = EncodedAudio(BytesContent(bytes(30 * MB)), "ogg", 1500.2)


def parse(message: str, status: int = 400) -> Refusal | None:
    return parse_refusal(InvalidRequest(message, status=status), SENT)


@pytest.mark.parametrize(
    ("message", "status", "limit"),
    [
        ("audio duration 1500.2 seconds is longer than 1400 seconds which is the maximum for this model", 400, 1400),
        ("Audio is too long: the maximum duration is 20 minutes.", 422, 1200),
        ("Audio file too long", 400, None),
        ("Maximum clip duration (30s) exceeded.", 400, 30),
        ("The audio duration must be under 0.25 hours.", 413, 900),
        ("Duration exceeds the limit of 600 sec", 422, 600),
        ("Audio too long: at 1,200.5 seconds it must end", 400, 1200.5),
        ("Audio too long: at most 600000 milliseconds", 400, 600),
        ("Audio too long: at most 600000ms", 400, 600),
        ("Audio too long: 10-MINUTE limit", 400, 600),
        ("Audio too long: the limits are 300 s and 600 s", 400, 600),
        ("Audio too long: 0 seconds are left", 400, None),
        ("Audio too long: use 600. seconds", 400, 600),
        ("Audio must be at most 60 seconds", 400, 60),
        ("Audio must be shorter than 60s", 400, 60),
        ("The file should be under 10-minutes", 400, 600),
        ("Recordings must be less than 2 mins", 400, 120),
        ("Audio must be at most one minute", 400, None),
        ("Audio length limit exceeded (60000 ms)", 400, 60),
        ("Audio length exceeds the limit", 413, None),
        ("The recording exceeds the allowed length", 400, None),
        ("Please split the audio into chunks of 60 seconds", 400, 60),
        ("Audio duration 1500 s > 60 s", 400, 60),
    ],
)
def test_a_length_that_is_refused_tells_the_limit(message: str, status: int, limit: float | None) -> None:
    assert parse(message, status) == Refusal("seconds", limit)


@pytest.mark.parametrize(
    ("message", "status", "limit"),
    [
        ("Maximum content size limit (26214400) exceeded (30000137 bytes read)", 413, 26_214_400),
        ("Request Entity Too Large", 413, None),
        ("", 413, None),
        ("File is too large: max 25 MB", 400, 25 * MB),
        ("The file size exceeds the limit of 20MiB.", 422, 20 * MB),
        ("audio payload larger than 10,000,000 bytes", 400, 10 * MB),
        ("File too large: 20000 kb", 400, 20 * MB),
        ("File too large: 0.02 GB", 400, 20 * MB),
        ("File too large: 20000000", 400, 20 * MB),
        ("File too large: error 4130", 400, None),
        ("The file is over the 300,000 byte limit", 400, 300_000),
        ("The file is over the 300,000-byte limit", 400, 300_000),
        ("The audio must be under 20 MB", 400, 20 * MB),
        ("The file may have up to 20 megabytes", 400, 20 * MB),
        ("Audio length limit exceeded (300000 bytes)", 400, 300_000),
        ("Payload size 30000000 > 300000", 400, 300_000),
        ("Payload size 30,000,000 bytes > 300,000 bytes", 400, 300_000),
        ("request body exceeds limit", 400, None),
        ("Request body exceeds the configured limit of 300000", 400, 300_000),
    ],
)
def test_a_size_that_is_refused_tells_the_limit(message: str, status: int, limit: float | None) -> None:
    assert parse(message, status) == Refusal("bytes", limit)


@pytest.mark.parametrize(
    ("message", "status", "formats"),
    [
        ("Invalid file format. Supported formats: ['flac', 'mp3', 'mpga', 'wav']", 400, ("wav", "mp3", "flac")),
        ("Invalid value: 'ogg'. Supported values are: 'wav' and 'mp3'.", 400, ("wav", "mp3")),
        ("Unsupported media type", 415, ()),
        ("Send another file", 415, ()),
        ("This ogg is not supported. Supported formats: ogg, mp3.", 400, ("mp3",)),
        ("The audio file could not be decoded or its format is not supported.", 400, ()),
        ("input_audio format 'ogg' is not supported; must be one of wav, mp3", 422, ("wav", "mp3")),
    ],
)
def test_a_format_that_is_refused_tells_what_is_taken(message: str, status: int, formats: tuple[str, ...]) -> None:
    refusal = parse(message, status)
    assert refusal is not None
    assert (refusal.kind, refusal.formats) == ("format", formats)


def test_timed_segments_can_be_refused() -> None:
    message = "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'. Use 'json' or 'text'"
    assert parse(message) == Refusal("response_format")


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Audio file is too short. Minimum audio length is 0.1 seconds.", 400),
        ("prompt is too long", 400),
        ("temperature must be at most 1", 400),
        ("Invalid language 'xx'. Supported values are: en, de", 400),
        ("audio duration 1500 seconds is longer than 1400 seconds", 401),
        ("The model does not exist", 404),
        ("Audio must not be shorter than 0.1 seconds", 400),
        ("Audio can't be less than 1 second", 400),
        ("Audio is shorter than 0.1 seconds", 400),
        ("timeout must be less than 60 seconds", 400),
        ("Audio sample rate must be at most 48000", 400),
        ("Audio channels must be at most 2", 400),
        ("The file name exceeds the maximum length", 400),
        ("The input exceeds the maximum length of 4096 characters", 400),
        ("Input length limit exceeded: 4096 tokens", 400),
        ("Could not split the audio into channels", 400),
        ("The payload exceeds the limit of 2 fields", 400),
        ("Request exceeds rate limit", 400),
        ("batch size 2 > 1", 400),
        ("Files must be at most 5 per minute", 400),
        ("Audio requests must be less than 500 per 1 minute", 400),
        ("Audio should be less than 3 s of silence", 400),
        ("Input exceeds max length of 4096", 400),
        ("Something went wrong", 400),
    ],
)
def test_other_refusals_say_nothing_about_the_recording(message: str, status: int) -> None:
    assert parse(message, status) is None


def test_a_context_that_overflows_means_that_the_recording_is_too_long() -> None:
    assert parse_refusal(ContextOverflow("maximum context length is 4096 tokens", status=400), SENT) == Refusal(
        "seconds"
    )


def test_what_was_sent_is_not_the_limit() -> None:
    assert parse("Audio of 1500 seconds is longer than the maximum of 1499 s") == Refusal("seconds", 1499)
    assert parse("Audio of 1500 seconds is longer than allowed") == Refusal("seconds", None)
    assert parse("Audio is longer than 9999 seconds") == Refusal("seconds", None)


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("1500 seconds is longer than 1471 seconds", 1471.0),  # too close to what was sent, but there are two
        ("1500 seconds is longer than 1531 seconds", None),
        ("1471 seconds is too long", None),
        ("1470 seconds is too long", 1470.0),
        ("1530 seconds is longer than 1520 seconds", 1520.0),
    ],
)
def test_a_number_that_is_nearly_what_was_sent_is_the_limit_beside_another(message: str, limit: float | None) -> None:
    assert parse(message) == Refusal("seconds", limit)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_context_that_overflows_is_about_size_if_the_status_says_so(status: int) -> None:
    refusal = parse_refusal(ContextOverflow("maximum context length exceeded", status=status), SENT)
    assert refusal == Refusal("bytes" if status == 413 else "seconds")


@given(st.text(), st.sampled_from([400, 413, 415, 422]))
def test_any_message_gives_a_refusal_or_none(message: str, status: int) -> None:
    refusal = parse(message, status)
    assert refusal is None or refusal.limit is None or refusal.limit > 0
