"""The public names. Adding one is a decision; removing one breaks users' code."""

import importlib
import subprocess
import sys

import pytest

PUBLIC = {
    "audio_core": """
        Access AccessDenied Answer Audio AudioClient AudioError AudioEvent AudioNotFound AudioTooLarge AuthenticationError
        Budget BudgetExceeded ContextOverflow Delta IncompleteResponse InvalidAudio InvalidOption InvalidRequest MissingAPIKey
        MissingDependency NotFound PROVIDERS PermissionDenied PossibleDoubleCharge Progress Provider ProviderError
        ProviderTimeout ProviderUnavailable RateLimited Segment Speech SpeechOptions StoreError ToolCall Transcript
        TranscriptStore TranscriptionIncomplete UnknownOption UnknownProvider Unreachable UnsupportedFormat Usage Word
        __version__
    """,
    "audio_core.integration": """
        AccessLike AlignerName AudioStore AudioTools Batch BatchItem ChatMessage ChunkSize Citation CortecsOptions Cut
        DocumentReader Estimate Failure FixedOptions GatewayOptions Granularity HiddenFrames LISTEN ListenArguments LiteLLMOptions Listener Memo ModelInfo
        ModelSettings OnError OpenRouterOptions Passage ProviderName ReaderOptions
        SUFFIXES ShortTraceback SpeechDelta
        TRANSCRIBE ToolAnswer ToolCallDelta ToolRefusal TranscribeArguments Unit are_neighbors at_block build_file_system_source
        check_fields chunk_passages collect_recordings compute_sha256 describe_install drop_none find_citations find_format
        find_provider find_recordings format_citation format_passages get_clip_url identify_recording is_audio_block is_raw
        list_fields list_options
        measure_seconds open_authorized open_stored parse_json redact_audio restore_passages to_access to_list to_objects to_openai_tool_choice
        validate_arguments
        AsyncSpeechStream SPEAK SpeakArguments SpeakKwargs SpeechStream SpeechTool SpokenAnswer aspeak_answer
        SplitOptions build_split_options read_passages build_speak_options is_speakable remove_citations render_answer speak_answer
    """,
    "audio_core.bulk": "BulkOptions BulkProgress BulkResult RESULT_SCHEMA Transcriber TranscriberOptions build_transcript "
    "explode_segments open_rows read_passages start_coordinator transcribe_dataset",
    "audio_core.testing": "FormPart Recorded Reply ScriptedGateway chat_reply chat_stream silence speech_reply tone",
    "langchain_audio": "Access AudioLoader AudioParser AudioToolkit ChatAudio Citation ListenTool TranscribeTool TranscriptSplitter cite clip_block "
    "count_tokens_with_audio find_citations format_docs redact_audio render_answer restore_times speech_in "
    "BulkLoader AnswerSpeaker SpeakTool SpokenAnswer aspeak_answer speak_answer",
    "llamaindex_audio": "Access AudioLLM AudioReader Citation ClipPostprocessor ListenToolSpec TranscribingLLM TranscriptNodeParser cite clip_block "
    "find_citations format_nodes redact_audio render_answer restore_times speech_in "
    "AudioTranscriber BulkReader SpeakToolSpec SpokenAnswer aspeak_answer astream_spoken speak_answer stream_spoken",
}


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(PUBLIC[package].split())
    assert all(hasattr(module, name) for name in module.__all__)


ABSENT = {
    "audio_core": ["av", "langchain_core", "llama_index", "pocketsphinx", "starlette", "numpy", "ray", "pyarrow"],
    "audio_core.bulk": ["ray"],
    "langchain_audio": ["av", "llama_index", "pocketsphinx", "starlette"],
    "llamaindex_audio": ["av", "langchain_core", "pocketsphinx"],
}


@pytest.mark.parametrize("packages", [("audio_core", "audio_core.bulk", "langchain_audio"), ("llamaindex_audio",)])
def test_importing_packages_loads_no_more_than_they_need(packages: tuple[str, ...]) -> None:
    lines = [
        f"from {name} import *; print([name for name in {ABSENT[name]!r} if name in sys.modules])" for name in packages
    ]
    program = "\n".join(["import sys", *lines])
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["[]"] * len(packages)


@pytest.mark.parametrize("package", ["langchain_audio", "llamaindex_audio"])
def test_importing_a_plugin_loads_nothing_that_is_not_used_yet(package: str) -> None:
    program = f"import sys, {package}; print([name for name in sys.modules if name.startswith(('httpx', 'audio_core', 'lang', 'llama'))])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == f"[{package!r}]"


@pytest.mark.parametrize(
    ("package", "framework", "extra"),
    [("langchain_audio", "langchain_core", "langchain"), ("llamaindex_audio", "llama_index", "llamaindex")],
)
def test_a_plugin_without_its_framework_says_what_to_install(package: str, framework: str, extra: str) -> None:
    program = f"import sys; sys.modules[{framework!r}] = None; import {package}"
    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f"pip install 'langchain-llamaindex-audio[{extra}]'" in failed.stderr.splitlines()[-1]


def test_every_module_lists_its_exports() -> None:
    from pathlib import Path

    root = Path(__file__).parents[2]
    modules = [
        path
        for package in ("audio_core", "langchain_audio", "llamaindex_audio")
        for path in (root / package).rglob("*.py")
    ]
    missing = [
        path.relative_to(root) for path in modules if path.name != "__init__.py" and "__all__" not in path.read_text()
    ]
    assert missing == []


def test_what_belongs_to_agents_is_found_beside_the_rest_and_needs_them_when_used() -> None:
    import langchain_audio
    from langchain_audio.middleware import AudioOffloadMiddleware

    assert langchain_audio.AudioOffloadMiddleware is AudioOffloadMiddleware
    assert "AudioOffloadMiddleware" not in langchain_audio.__all__


@pytest.mark.parametrize("package", ["langchain_audio", "llamaindex_audio"])
def test_access_is_found_beside_what_takes_it(package: str) -> None:
    import audio_core

    assert importlib.import_module(package).Access is audio_core.Access
