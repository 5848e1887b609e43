"""Write the tables of gateways into README.md and docs/gateways.md, from the rows in audio_core/providers.py.

python docs/scripts/tables.py
"""

from __future__ import annotations

import re
from pathlib import Path

from audio_core import PROVIDERS, Provider

ROOT = Path(__file__).parents[2]
MIB = 2**20
MARKED = re.compile(r"(<!-- (?P<name>[\w:]+) from audio_core/providers.py -->\n).*?(<!-- end -->)", re.DOTALL)
TRANSCRIPTION = {
    "multipart": "multipart form",
    "json": "JSON",
    "chat": "by its chat models",
    "engine": "in this process",
}


def main() -> None:
    for page in list_pages():
        page.write_text(fill(page.read_text()))


def list_pages() -> list[Path]:
    """Return the pages that have such tables."""
    return [ROOT / "README.md", ROOT / "docs" / "gateways.md"]


def fill(text: str) -> str:
    """Return the text of a page with its tables as the rows give them."""
    return MARKED.sub(lambda match: f"{match[1]}\n{render(match['name'])}\n\n{match[3]}", text)


def render(name: str) -> str:
    """Return the table of all gateways, or the facts about one, as in `gateway:openai`."""
    _, _, gateway = name.partition(":")
    return render_facts(PROVIDERS[gateway]) if gateway else render_overview()


def render_overview() -> str:
    rows = [
        (f"`{row.name}`", describe_chat(row), describe_transcription(row), describe_speech(row), describe_key(row))
        for row in PROVIDERS.values()
    ]
    return render_table(("provider", "chat with audio", "transcription", "speech", "key"), rows)


def render_facts(row: Provider) -> str:
    """Return what a row says of its gateway, one fact a line."""
    variables = [f"`{name}`" for name in (*row.api_key_env, *row.base_url_env)]
    facts = {
        "base URL": f"`{row.base_url}`",
        "read from the environment": ", ".join(variables),
        "audio in chats": describe_chat(row),
        "transcription": describe_transcription(row),
        "formats for transcription": "any" if row.transcription == "engine" else ", ".join(row.upload_formats),
        "streams transcripts": describe(row.streams_transcripts),
        "named speakers": f"up to {row.max_known_speakers}" if row.max_known_speakers else "–",
        "`keywords=`": describe_field(row, row.keywords_field),
        "several languages": describe_field(row, row.languages_field),
        "speech": describe_speech(row),
        "longest text for one request": f"{row.max_speech_characters:,} characters"
        if row.max_speech_characters
        else "–",
        "documentation": f"<{row.docs}>" if row.docs.startswith("http") else f"`{row.docs}`",
    }
    return render_table(
        ("", f"`{row.name}`"), [(fact, value) for fact, value in facts.items() if value not in ("", "–")]
    )


def render_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines).replace("|  |", "| |").replace(" --- ", "---")


def describe(is_so: bool) -> str:
    return "yes" if is_so else "–"


def describe_field(row: Provider, field: str | None) -> str:
    return "yes" if row.transcription == "engine" else f"as its field `{field}`" if field else "–"


def describe_chat(row: Provider) -> str:
    return "by the offline server" if row.transcription == "engine" else ", ".join(row.chat_formats)


def describe_transcription(row: Provider) -> str:
    limits = [f"{row.max_upload_bytes // MIB} MiB" if row.max_upload_bytes else ""]
    limits += [f"{row.max_upload_seconds:.0f} s" if row.max_upload_seconds else ""]
    limit = " and ".join(filter(None, limits))
    return TRANSCRIPTION[row.transcription] + (f", {limit} a request" if limit else "")


def describe_speech(row: Provider) -> str:
    formats = ", ".join(row.speech_formats) or "–"
    return f"{formats} (by flite or espeak-ng)" if row.transcription == "engine" else formats


def describe_key(row: Provider) -> str:
    return f"`{row.api_key_env[0]}`" if row.api_key_env else "none"


if __name__ == "__main__":
    main()
