from audio_core.bulk.row_cache import RowCache


def test_the_newest_rows_are_kept_up_to_a_number_of_bytes() -> None:
    cache = RowCache(max_bytes=10)
    for uri in ("a", "b", "c"):
        cache.add(uri, b"4321")
    assert cache.find(["a", "b", "c", "d"]) == {"b": b"4321", "c": b"4321"}


def test_a_row_that_was_made_again_counts_once() -> None:
    cache = RowCache(max_bytes=10)
    for row in (b"87654321", b"1", b"87654321"):
        cache.add("a", row)
    cache.add("b", b"21")
    assert cache.find(["a", "b"]) == {"a": b"87654321", "b": b"21"}


def test_a_row_that_is_too_large_is_not_kept() -> None:
    cache = RowCache(max_bytes=3)
    cache.add("a", b"4321")
    cache.add("b", b"321")
    assert cache.find(["a", "b"]) == {"b": b"321"}
