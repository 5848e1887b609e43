"""What we promise, where it is said, and the tests that hold it. `test_promises.py` checks these rows both ways.

A test may name its promise with `@pytest.mark.promise("id")`. Then it must stand in the row of that promise.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROMISES", "Promise"]


@dataclass(frozen=True)
class Promise:
    """One promise.

    Attributes:
        id: what tests call it.
        text: the promise in one sentence.
        stated: the file that makes it, and its words there.
        tests: files and names of the tests that hold it, below `tests/`.
    """

    id: str
    text: str
    stated: tuple[str, str]
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "any-source",
        "A recording may be named in any form, and all forms give the same bytes.",
        ("README.md", "Anything that is audio goes in"),
        (
            "core/audio/test_audio.py::test_every_kind_of_source_gives_the_same_bytes",
            "core/audio/test_content_blocks.py::test_every_spelling_holds_the_same_recording",
            "core/audio/test_any_json.py::test_any_text_names_a_recording_or_is_refused",
            "langchain/test_document_loaders.py::test_every_kind_of_source",
            "llamaindex/test_llms.py::test_every_kind_of_audio_block_sends_the_same_bytes",
        ),
    ),
    Promise(
        "any-format",
        "What is audio is decoded, whatever its name says; what a gateway does not take is converted.",
        ("README.md", "The format is detected from the content, not the extension."),
        (
            "core/audio/test_audio.py::test_the_bytes_decide_against_what_was_said",
            "core/media/test_decode.py::test_every_format_is_probed_and_decoded_to_its_length",
            "core/media/test_raw.py::test_the_samples_are_those_that_were_encoded",
            "core/test_client.py::test_a_format_that_the_gateway_takes_goes_out_untouched",
            "core/test_client.py::test_any_other_format_is_converted_to_one_that_it_takes",
        ),
    ),
    Promise(
        "refused-before-sending",
        "What is no recording is refused with one clear error before a byte is sent.",
        ("README.md", "each raises an error that says what was wrong and what to do"),
        (
            "core/test_client.py::test_what_is_no_audio_is_refused_before_any_request",
            "core/media/test_any_bytes.py::test_a_damaged_file_is_decoded_or_refused",
            "core/audio/test_media_fragment.py::test_a_clip_that_cannot_be_read_is_refused_and_not_the_whole",
        ),
    ),
    Promise(
        "exact-times",
        "Times are seconds of the original recording, and clips are exact to the sample.",
        ("README.md", "Times are exact."),
        (
            "core/media/test_decode.py::test_a_clip_is_exact_to_the_sample",
            "core/test_client.py::test_times_of_a_clip_are_of_the_recording",
            "core/operations/test_long_transcription.py::test_a_clip_keeps_the_recordings_own_times",
            "langchain/test_document_loaders.py::test_a_documents_clip_names_the_very_stretch",
        ),
    ),
    Promise(
        "estimates-say-so",
        "A time that is an estimate says so.",
        ("docs/long-recordings.md", "estimated"),
        (
            "core/wire/test_transcription.py::test_a_missing_time_lies_between_its_neighbours_and_is_marked",
            "core/wire/test_transcription_stream.py"
            "::test_a_missing_time_lies_between_its_neighbours_and_no_word_is_lost",
            "core/operations/test_transcription_by_chat.py::test_documents_say_that_times_are_estimated",
        ),
    ),
    Promise(
        "times-through-splitters",
        "Chunks keep their times through any splitter, or the cut is refused.",
        ("README.md", "Retrieval to the second."),
        (
            "core/transcript/test_restoring.py::test_pieces_of_pieces_get_the_right_times_or_are_refused",
            "core/transcript/test_restoring.py::test_a_text_that_was_changed_is_refused",
            "langchain/test_splitting.py::test_pieces_of_any_splitter_get_their_times_back",
            "llamaindex/test_splitting.py::test_nodes_of_any_parser_get_their_times_back",
        ),
    ),
    Promise(
        "every-word-once",
        "No word is lost or doubled where a long recording is cut.",
        ("README.md", "merged without duplicate words"),
        (
            "core/transcript/test_merge.py::test_every_word_comes_once_and_in_order",
            "core/operations/test_long_transcription.py::test_every_number_comes_once_in_order_and_at_its_time",
            "core/media/test_segmentation.py::test_pieces_hold_all_of_a_recording_and_say_truly_what_they_share",
        ),
    ),
    Promise(
        "any-length",
        "Recordings of any length, and folders of them, are transcribed side by side and returned in order.",
        ("README.md", "Any length, any number."),
        (
            "core/operations/test_long_transcription.py::test_pieces_are_under_way_side_by_side",
            "core/operations/test_long_transcription.py::test_a_piece_that_fails_is_named_and_the_others_are_kept",
            "langchain/test_folders.py::test_a_folder_is_read_in_order_and_side_by_side",
        ),
    ),
    Promise(
        "by-reference",
        "Audio is opened when a request is sent, and never enters history, checkpoints, cache keys or events.",
        ("README.md", "Audio travels by reference."),
        (
            "core/audio/test_audio.py::test_making_one_touches_nothing",
            "langchain/test_chat_models.py::test_a_clip_by_reference_is_opened_and_cut_only_when_it_is_sent",
            "langchain/test_middleware.py::test_five_turns_of_audio_leave_small_checkpoints",
            "llamaindex/test_event_payloads.py::test_events_carry_references_and_the_answer_carries_audio",
        ),
    ),
    Promise(
        "whole-or-error",
        "A reply is whole or it is an error: no truncated stream and no error body passes as an answer.",
        ("README.md", "A reply is whole, or it is an error."),
        (
            "core/wire/test_any_json.py::test_a_stream_without_content_or_with_an_error_is_never_whole",
            "core/wire/test_chat_stream.py::test_a_stream_that_ends_early_is_never_an_answer",
            "core/wire/test_transcription_stream.py::test_a_transcript_that_the_model_cut_short_is_an_error",
            "core/wire/test_transcription.py::test_an_error_never_passes_for_a_transcript",
            "langchain/test_tool_calling.py::test_an_agent_never_runs_a_tool_call_that_was_cut",
            "llamaindex/test_tool_calling.py::test_an_agent_never_runs_a_tool_call_that_was_cut",
        ),
    ),
    Promise(
        "one-odd-field",
        "Whatever JSON a gateway sends, a typed error or a right value comes of it: one odd field costs that field.",
        ("docs/errors.md", "AudioError"),
        (
            "core/wire/test_any_json.py::test_an_odd_place_of_a_reply_costs_that_place_alone",
            "core/wire/test_any_json.py::test_an_odd_place_of_a_stream_costs_that_place_alone",
            "core/wire/test_any_transcription.py::test_an_odd_place_of_a_transcription_costs_that_place_alone",
            "core/wire/test_any_transcription.py::test_an_odd_place_of_a_streamed_transcription_costs_that_place_alone",
            "core/wire/test_any_json.py::test_any_bytes_are_read_or_an_error",
            "core/http/test_any_json.py::test_an_odd_place_of_an_error_is_an_error_all_the_same",
            "core/transcript/test_any_json.py::test_an_odd_place_in_usage_costs_that_place_alone",
            "core/operations/test_any_row.py::test_any_row_is_read_or_refused",
        ),
    ),
    Promise(
        "paid-once",
        "A job that dies resumes where it stopped, and what may have been billed twice is listed.",
        ("README.md", "You pay once."),
        (
            "core/operations/test_transcript_store.py"
            "::test_a_job_that_is_killed_again_and_again_pays_once_for_what_was_done",
            "core/operations/test_transcript_store.py::test_two_processes_ask_for_each_piece_once",
            "core/operations/test_transcript_store.py::test_a_claim_of_a_process_that_died_is_taken_over_and_noted",
            "core/operations/test_claims.py::test_a_cancelled_call_leaves_no_claim_wherever_it_is_cancelled",
        ),
    ),
    Promise(
        "known before paid",
        "Requests, seconds and cost are told without sending anything, and a job stops before it goes over its budget.",
        ("README.md", "You know before you pay."),
        (
            "core/operations/test_estimates.py::test_the_estimate_of_a_folder_is_what_the_gateway_then_receives",
            "core/operations/test_estimates.py::test_what_the_store_has_costs_nothing",
            "core/operations/test_spending.py::test_recordings_are_sent_until_the_next_would_go_over",
            "core/operations/test_spending.py::test_a_long_recording_keeps_the_pieces_that_the_budget_allows",
            "core/operations/test_models.py::test_a_model_that_is_known_to_be_deaf_is_sent_no_audio",
        ),
    ),
    Promise(
        "complete-replies",
        "Text, speech, tool calls, reasoning, refusals and usage are in a reply, whole and streamed alike.",
        ("README.md", "Complete replies"),
        (
            "langchain/test_responses.py::test_every_way_gives_the_same_message",
            "langchain/test_responses.py::test_every_way_gives_the_same_spoken_message",
            "llamaindex/test_responses.py::test_every_way_ends_with_the_same_message",
        ),
    ),
    Promise(
        "speech",
        "A text of any length is spoken, whole or as it comes, and joined to the sample; anything less is an error.",
        ("README.md", "Texts are spoken"),
        (
            "contract/test_gateways.py::test_speech",
            "core/media/test_whole_audio.py::test_a_file_that_ends_too_early_has_a_fault",
            "core/media/test_whole_audio.py::test_what_follows_the_audio_is_a_fault",
            "core/media/test_pcm_joiner.py::test_a_jump_between_parts_is_faded_and_no_sample_is_lost",
            "core/test_speaking.py::test_a_long_text_is_spoken_in_parts_and_joined_to_the_sample",
            "core/test_speaking.py::test_a_reply_that_is_not_whole_is_an_error_and_is_paid_for_once",
            "core/test_speaking.py::test_a_stream_says_the_same_as_the_whole",
            "langchain/test_speaking.py::test_an_answer_is_spoken_sentence_by_sentence_while_it_is_written",
            "llamaindex/test_speaking.py::test_a_streamed_response_is_spoken_while_it_is_written",
            "langchain/test_speaking.py::test_a_spoken_answer_lists_the_clips_that_it_rests_on",
            "llamaindex/test_speaking.py::test_a_spoken_answer_lists_the_clips_that_it_rests_on",
        ),
    ),
    Promise(
        "access",
        "A message or tool opens only what the developer allowed, and on public addresses only.",
        ("README.md", "Tools for agents"),
        (
            "core/http/test_access.py::test_a_file_outside_the_root_is_refused_and_the_message_shows_no_path",
            "core/http/test_access.py::test_an_address_of_this_machine_or_network_is_private_in_any_notation",
            "core/http/test_download.py::test_every_spelling_of_this_machine_is_refused",
            "langchain/test_tools.py::test_a_toolkit_without_access_opens_nothing",
            "llamaindex/test_tools.py::test_without_access_nothing_is_opened",
        ),
    ),
    Promise(
        "parity",
        "Both frameworks get the same options, metadata, errors and requests, sync and async.",
        ("README.md", "Both frameworks get the same"),
        (
            "contract/test_parity.py::test_both_frameworks_send_the_same_messages",
            "llamaindex/test_readers.py::test_documents_are_those_of_langchain_and_the_same_async",
            "llamaindex/test_readers.py::test_it_works_inside_a_running_loop",
            "langchain/test_document_loaders.py::test_it_works_inside_a_running_loop",
        ),
    ),
    Promise(
        "bulk",
        "A job on a Ray cluster has one row for each recording; what is lost or started again costs only what is missing.",
        ("README.md", "on a Ray cluster, into Parquet"),
        (
            "bulk/test_jobs.py::test_a_job_writes_a_row_for_each_recording_and_later_runs_do_what_is_missing",
            "bulk/test_jobs.py::test_a_node_that_is_killed_loses_nothing_and_doubles_nothing",
            "core/bulk/test_coordinator.py::test_a_block_that_is_repeated_sends_only_what_is_not_ready",
            "core/bulk/test_transcriber.py::test_a_bad_file_is_a_row",
            "core/bulk/test_transcriber.py::test_what_would_fail_for_all_recordings_is_raised",
            "core/bulk/test_job_folder.py::test_a_later_run_does_only_what_is_missing",
            "core/bulk/test_job_folder.py::test_a_job_in_a_bucket_finds_what_other_processes_have_written_there",
        ),
    ),
    Promise(
        "speakers",
        "A wish to tell speakers apart is not dropped in silence, and who is known keeps one name in all pieces.",
        ("docs/words-and-speakers.md", "`diarize=True` asks the gateway to tell speakers apart. If it refuses"),
        (
            "core/operations/test_diarization.py::test_a_refusal_raises_an_error_that_says_what_to_do",
            "core/operations/test_diarization.py::test_where_it_is_refused_a_transcript_without_speakers_says_so",
            "core/operations/test_diarization.py::test_both_frameworks_raise_or_warn",
            "core/operations/test_speaker_references.py::test_unknown_speakers_are_the_same_in_all_pieces",
            "core/operations/test_speaker_references.py::test_known_speakers_keep_their_names_in_all_pieces",
            "core/operations/test_speaker_references.py::test_langchain_knows_the_names",
            "core/operations/test_speaker_references.py::test_llamaindex_knows_the_names",
        ),
    ),
    Promise(
        "page-is-text",
        "What a recording says is text on a page, and never runs; a page asks other machines for nothing.",
        ("docs/player.md", "It is text in the page, never code"),
        (
            "core/transcript/test_page.py::test_no_text_leaves_its_place",
            "core/transcript/test_page.py::test_the_policy_allows_its_own_script_and_style_and_nothing_else",
            "core/integration/test_answer_page.py::test_each_citation_leads_to_its_excerpt",
            "browser/test_player.py::test_text_runs_nothing_and_asks_for_nothing",
            "browser/test_player.py::test_the_policy_stops_what_would_run_all_the_same",
            "browser/test_answer.py::test_text_runs_nothing",
        ),
    ),
)
