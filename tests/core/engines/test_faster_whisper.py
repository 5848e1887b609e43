"""The faster-whisper engine, on a real model of its real classes.

The model is written here with random weights, two layers small: it loads, decodes and times words as any other does,
and what it says is nonsense. Real weights cannot be part of the tests.
"""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.transcribe import Segment as WhisperSegment
from faster_whisper.transcribe import Word as WhisperWord
from whisper_models import load_with_one_thread

from audio_core import Audio, AudioClient, InvalidOption, MissingDependency, Transcript, UnsupportedFormat
from audio_core.engines import faster_whisper, find_engine, whisper_weights
from audio_core.engines.faster_whisper import FasterWhisper
from audio_core.wire.transcription import TranscriptionOptions


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with load_with_one_thread():
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    write_model(folder)
    return folder


@pytest.fixture(scope="module")
def heard(weights: Path, call: Path) -> Transcript:
    return AudioClient("local", model=f"faster-whisper:{weights}").transcribe(
        f"{call}#t=5,12", words=True, language="en"
    )


def test_a_model_on_disk_is_loaded_and_run(heard: Transcript) -> None:
    assert isinstance(heard, Transcript)
    assert (heard.provider, heard.duration) == ("local", 7.0)
    # Which nonsense it says, and so whether a segment of it is kept, depends on the processor's arithmetic.
    assert heard.language == ("en" if heard.segments else None)


def test_a_transcript_names_the_folder_of_the_weights_and_not_where_it_lies(heard: Transcript, weights: Path) -> None:
    assert heard.model == f"faster-whisper:{weights.name}"
    assert str(weights.parent) not in heard.to_json() + heard.to_html() + heard._repr_html_() + repr(heard)


def test_messages_name_the_folder_of_the_weights_only(weights: Path, call: Path) -> None:
    with pytest.raises(InvalidOption, match=f"^faster-whisper:{weights.name} cannot follow diarize"):
        AudioClient("local", model=f"faster-whisper:{weights}").transcribe(call, diarize=True)


def test_times_are_of_the_recording_and_plain_numbers(heard: Transcript) -> None:
    for segment in heard.segments:
        assert 5.0 <= segment.start <= segment.end
        assert {type(segment.start), type(segment.end), type(segment.confidence)} == {float}
    json.dumps([[word.start, word.end, word.confidence] for segment in heard.segments for word in segment.words])


def test_segments_and_words_of_its_real_types_are_mapped() -> None:
    word = WhisperWord(start=np.float64(0.5), end=np.float64(0.9), word=" Hi", probability=np.float64(0.75))
    raw = WhisperSegment(
        id=1, seek=0, start=0.5, end=1.0, text=" Hi", tokens=[1], avg_logprob=-0.1, compression_ratio=1.0,
        no_speech_prob=0.0, words=[word], temperature=0.0,
    )  # fmt: skip
    found = faster_whisper._build_segment(raw, 10.0)
    assert (found.start, found.end, found.text, found.words[0].text) == (10.5, 11.0, "Hi", "Hi")
    assert found.confidence == pytest.approx(0.9048, abs=1e-3)
    assert type(found.words[0].start) is float


def test_a_folder_without_a_model_is_a_clear_error(tmp_path: Path, call: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"cannot be loaded .*'small'"):
        FasterWhisper(str(tmp_path)).transcribe(Audio.of(call, end=1), TranscriptionOptions())


def test_a_size_that_cannot_be_downloaded_is_a_clear_error(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UnsupportedFormat, match="'no-such-size' cannot be loaded"):
        find_engine("faster-whisper:no-such-size").transcribe(Audio.of(call, end=1), TranscriptionOptions())


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch, call: Path) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingDependency, match=r"pip install 'langchain-llamaindex-audio\[faster-whisper\]'"):
        FasterWhisper("another").transcribe(Audio.of(call, end=1), TranscriptionOptions())


def test_numpy_may_be_missing_too(monkeypatch: pytest.MonkeyPatch, call: Path) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingDependency, match=r"needs numpy: pip install .* \(in a clone: pip install '\.\[faster"):
        FasterWhisper("yet-another").transcribe(Audio.of(call, end=1), TranscriptionOptions())


def test_a_known_size_that_cannot_be_downloaded_is_not_called_unknown(
    call: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        UnsupportedFormat, match=r"'tiny\.en' cannot be loaded .*downloaded at their first use"
    ) as caught:
        FasterWhisper("tiny.en").transcribe(Audio.of(call, end=1), TranscriptionOptions())
    assert "such as 'small'" not in str(caught.value)


class Hub(BaseHTTPRequestHandler):
    """What huggingface.co says of a repository."""

    def do_GET(self) -> None:
        sizes = {"model.bin": 75_000_000, "vocabulary.txt": 400_000, "tokenizer.json": 2_100_000, "training.pt": 9**9}
        files = [{"rfilename": name, "size": size} for name, size in sizes.items()]
        body = json.dumps({"id": self.path.removeprefix("/api/models/"), "siblings": files}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_what_is_downloaded_is_logged_with_its_size(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        with caplog.at_level("INFO", "audio_core"):
            whisper_weights._announce_download("tiny.en")
        server.shutdown()
    assert "downloading its weights (78 MB), once, from Systran/faster-whisper-tiny.en on huggingface.co" in caplog.text


# --- a model of two layers ---


def write_model(folder: Path) -> None:
    """A Whisper model in CTranslate2's form with random weights, and a byte-level tokenizer for it."""
    vocabulary = write_tokenizer(folder)
    write_weights(folder, vocabulary)
    config = {"suppress_ids": [], "suppress_ids_begin": [], "lang_ids": [], "alignment_heads": [[1, 0], [1, 1]]}
    (folder / "config.json").write_text(json.dumps(config))


def write_tokenizer(folder: Path) -> list[str]:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = [
        "endoftext",
        "startoftranscript",
        "en",
        "translate",
        "transcribe",
        "startoflm",
        "startofprev",
        "nospeech",
        "notimestamps",
    ]
    special = [f"<|{name}|>" for name in names] + [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    return [tokenizer.id_to_token(at) for at in range(tokenizer.get_vocab_size())]


def write_weights(folder: Path, vocabulary: list[str], width: int = 64, layers: int = 2, heads: int = 2) -> None:  # noqa: C901
    import ctranslate2

    rng, small = np.random.default_rng(7), np.float32(0.02)

    def weight(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * small).astype("float32")

    def linear(layer, rows: int, columns: int) -> None:
        layer.weight, layer.bias = weight(rows, columns), np.zeros(rows, "float32")

    def norm(layer) -> None:
        layer.gamma, layer.beta = np.ones(width, "float32"), np.zeros(width, "float32")

    def attention(layer, *, is_self: bool) -> None:
        norm(layer.layer_norm)
        shapes = (
            [(3 * width, width), (width, width)] if is_self else [(width, width), (2 * width, width), (width, width)]
        )
        for part, shape in zip(layer.linear, shapes, strict=True):
            linear(part, *shape)

    def feed_forward(layer) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * width, width)
        linear(layer.linear_1, width, 4 * width)

    spec = ctranslate2.specs.WhisperSpec(layers, heads, layers, heads)
    encoder, decoder = spec.encoder, spec.decoder
    for convolution, channels in ((encoder.conv1, 80), (encoder.conv2, width)):
        convolution.weight, convolution.bias = weight(width, channels, 3), np.zeros(width, "float32")
    encoder.position_encodings.encodings = weight(1500, width)
    decoder.position_encodings.encodings = weight(448, width)
    decoder.embeddings.weight = weight(len(vocabulary), width)
    decoder.projection.weight = weight(len(vocabulary), width)
    decoder.scale_embeddings = False
    for side in (encoder, decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention, is_self=True)
            feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention, is_self=False)
    spec.register_vocabulary(vocabulary)
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
