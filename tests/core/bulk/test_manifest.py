from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet

from audio_core import Audio, AudioNotFound, InvalidAudio, InvalidOption, MissingDependency
from audio_core.bulk.manifest import read_manifest


def write(path: Path, **columns: list[object]) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def list_uris(recordings: object) -> list[str]:
    return read_manifest(recordings)["uri"].to_pylist()


def test_a_manifest_keeps_its_uris_and_its_other_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "m.parquet", uri=["s3://talks/a.mp3", "b.mp3"], case=[7, 8])
    assert read_manifest(path).to_pylist() == [{"uri": "s3://talks/a.mp3", "case": 7}, {"uri": "b.mp3", "case": 8}]


def test_a_manifest_may_be_in_several_files(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", uri=["a.mp3"])
    write(tmp_path / "2.parquet", uri=["b.mp3"])
    assert list_uris(tmp_path) == list_uris(str(tmp_path / "*.parquet")) == ["a.mp3", "b.mp3"]


def test_a_folder_and_a_pattern_give_the_recordings_urls(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.mp3", "deep/a b.WAV", "notes.txt"):
        (tmp_path / name).touch()
    assert list_uris(tmp_path) == [(tmp_path / name).as_uri() for name in ("b.mp3", "deep/a b.WAV")]
    assert list_uris(f"{tmp_path}/*.mp3") == [(tmp_path / "b.mp3").as_uri()]


def test_a_bucket_gives_the_urls_of_its_recordings(memory) -> None:
    memory.pipe("/bulk-talks/a.mp3", b"1")
    assert list_uris("memory://bulk-talks") == list_uris("memory://bulk-talks/*.mp3") == ["memory:///bulk-talks/a.mp3"]


def test_urls_keep_the_scheme_that_was_given(memory) -> None:
    class Aliased(type(memory)):
        protocol = ("one", "two")  # as adlfs has "abfs" and "az"

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return super()._strip_protocol(path.replace("two://", "memory://"))

    memory.pipe("/bulk-talks/a.mp3", b"1")
    fsspec.register_implementation("two", Aliased, clobber=True)
    assert list_uris("two://bulk-talks") == list_uris("two://bulk-talks/*.mp3") == ["two:///bulk-talks/a.mp3"]


def test_a_list_is_taken_as_it_is_each_recording_once() -> None:
    clip = Audio.of("/talks/c.mp3", start=1, end=2)
    given = ["a.mp3", Path("b.mp3"), clip, "a.mp3"]
    assert list_uris(given) == ["a.mp3", "b.mp3", "file:///talks/c.mp3#t=1,2"]


@pytest.mark.parametrize("item", [b"RIFF", Audio.of(b"RIFF")])
def test_bytes_do_not_travel_through_the_cluster(item: object) -> None:
    with pytest.raises(InvalidAudio, match="save the recording first"):
        read_manifest([item])
    with pytest.raises(InvalidAudio, match="not data: URIs"):
        read_manifest(["data:audio/wav;base64,UklGRg=="])


def test_a_manifest_without_uris_names_the_columns_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"no column 'uri'. Its columns are: url, case"):
        read_manifest(write(tmp_path / "m.parquet", url=["a.mp3"], case=[1]))


def test_a_manifest_with_duplicates_names_some(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"1 URIs stand in the manifest more than once, such as a.mp3"):
        read_manifest(write(tmp_path / "m.parquet", uri=["a.mp3", "b.mp3", "a.mp3"]))


def test_a_manifest_with_gaps_or_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="empty in 2 rows"):
        read_manifest(write(tmp_path / "m.parquet", uri=["a.mp3", None, ""]))
    with pytest.raises(InvalidOption, match="holds list<"):
        read_manifest(write(tmp_path / "m.parquet", uri=[["a.mp3"]]))


def test_a_column_that_the_results_have_too_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="called text"):
        read_manifest(write(tmp_path / "m.parquet", uri=["a.mp3"], text=["x"]))


def test_nothing_to_transcribe_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioNotFound, match="nothing at missing"):
        read_manifest(tmp_path / "missing")
    with pytest.raises(AudioNotFound, match="neither recordings nor Parquet"):
        read_manifest(tmp_path)
    with pytest.raises(AudioNotFound, match="empty"):
        read_manifest([])


def test_a_file_that_is_no_parquet_is_refused_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "m.parquet").write_bytes(b"not Parquet at all")
    with pytest.raises(InvalidOption, match=r"m\.parquet is not a whole Parquet file") as refused:
        read_manifest(tmp_path / "m.parquet")
    assert str(tmp_path) not in str(refused.value)


def test_a_bucket_whose_package_is_missing_says_so() -> None:
    with pytest.raises(MissingDependency, match="ossfs"):
        read_manifest("oss://talks/*.mp3")


def test_something_else_is_refused() -> None:
    with pytest.raises(InvalidOption, match="not int"):
        read_manifest(7)
