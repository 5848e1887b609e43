"""The hostile cases, as `docs/reliability.md` lists them, and below each the tests that hold it.

`hostile/test_cases.py` checks that the page, the tests and these rows agree.
"""

from __future__ import annotations

__all__ = ["CASES"]

_ROWS = """\
a model names a file outside its folder
    contract/hostile/test_paths.py::test_a_name_that_leads_out_is_answered_and_opens_nothing
    contract/hostile/test_paths.py::test_a_message_opens_nothing_outside_the_folder
    contract/hostile/test_paths.py::test_a_url_in_a_llamaindex_message_opens_nothing_outside_the_folder
    contract/hostile/test_paths.py::test_agents_go_on_after_a_name_that_is_refused
a link leads out of the folder, or is swapped while the file is opened
    contract/hostile/test_paths.py::test_a_link_that_leads_out_is_refused
    contract/hostile/test_paths.py::test_a_link_within_the_folder_is_followed
    core/http/test_access.py::test_a_link_that_is_replaced_after_the_check_is_refused
    langchain/test_folders.py::test_one_that_fails_need_not_cost_the_others
a pipe, device, socket, folder or endless link in place of a file
    contract/hostile/test_paths.py::test_what_is_no_regular_file_is_refused_without_waiting
a file is empty, has a tebibyte, or changes while it is sent
    contract/hostile/test_paths.py::test_an_empty_or_endless_file_costs_no_request
    contract/hostile/test_paths.py::test_a_file_that_changes_between_two_attempts_is_an_error
    core/http/test_body.py::test_a_file_that_changes_while_it_is_sent_is_an_error
a pipe, or a file object that was read in part
    contract/hostile/test_file_objects.py::test_a_file_object_is_sent_from_where_it_stands_in_every_attempt
    contract/hostile/test_file_objects.py::test_a_real_pipe_is_sent_whole_and_again
one file of a folder fails
    contract/hostile/test_paths.py::test_one_bad_file_costs_no_other_and_is_told
a URL names a private address, in any form of IPv6
    contract/hostile/test_addresses.py::test_private_addresses_are_refused_in_any_form
    core/http/test_access.py::test_an_address_of_this_machine_or_network_is_private_in_any_notation
    core/http/test_access.py::test_what_is_not_assigned_is_not_public
a URL spells this machine in another way
    contract/hostile/test_addresses.py::test_no_spelling_reaches_this_machine
    contract/hostile/test_addresses.py::test_every_door_takes_a_url
a download is redirected: to a private address, another scheme, in a loop
    contract/hostile/test_addresses.py::test_a_redirect_is_checked_like_a_url
    contract/hostile/test_addresses.py::test_a_loop_of_redirects_ends_after_five_hops
    contract/hostile/test_addresses.py::test_the_host_of_a_recording_gets_no_key
a host has another address by the time of the connection, or a private one among several
    contract/hostile/test_addresses.py::test_the_connection_goes_to_the_address_that_was_checked
    contract/hostile/test_addresses.py::test_one_private_address_among_several_is_enough
    contract/hostile/test_connections.py::test_the_host_of_a_recording_must_have_its_certificate_too
a download never ends, or is compressed
    contract/hostile/test_addresses.py::test_an_endless_download_ends_at_the_limit
    contract/hostile/test_addresses.py::test_what_is_no_recording_never_reaches_the_gateway
a download breaks off, trickles in, or is a web page
    contract/hostile/test_addresses.py::test_a_download_that_broke_off_is_asked_for_again
    contract/hostile/test_addresses.py::test_a_download_that_trickles_in_is_left_when_time_is_up
    contract/hostile/test_addresses.py::test_what_is_no_recording_never_reaches_the_gateway
a small file decodes to gigabytes, or claims to
    contract/hostile/test_recordings.py::test_seconds_and_decoded_bytes_are_limited_each_by_itself
    contract/hostile/test_recordings.py::test_memory_stays_small_whatever_a_file_claims
    core/media/test_decode.py::test_a_forged_rate_is_refused
a WAV header lies about length, rate or channels
    contract/hostile/test_recordings.py::test_an_impossible_header_is_an_error_before_any_request
    contract/hostile/test_recordings.py::test_a_header_that_was_never_finished_is_no_error
    contract/hostile/test_recordings.py::test_a_length_is_that_of_the_samples_whatever_the_header_says
a playlist is named `talk.mp3`, or a name begins with a hyphen
    contract/hostile/test_recordings.py::test_what_is_no_recording_is_refused_and_reaches_nobody
text, a PDF, silence, or five milliseconds
    contract/hostile/test_recordings.py::test_what_is_no_recording_is_refused_and_reaches_nobody
    contract/hostile/test_recordings.py::test_five_milliseconds_are_never_sent
    contract/hostile/test_recordings.py::test_a_recording_without_speech_says_so
    core/operations/test_long_transcription.py::test_silence_is_not_sent
the gateway refuses: 400 to 404, 413, 415, 422, in JSON, HTML or text
    contract/hostile/test_gateway_errors.py::test_a_refusal_is_a_typed_error_in_the_gateways_words
    contract/hostile/test_gateway_errors.py::test_the_gateways_words_are_found_in_any_body
    contract/hostile/test_gateway_errors.py::test_an_error_says_what_to_do_next
    contract/hostile/test_gateway_errors.py::test_a_healthy_gateway_is_heard_through_every_door
the gateway echoes the key or the audio in its error
    contract/hostile/test_gateway_errors.py::test_what_a_gateway_echoes_is_not_shown
429 with a wait, with a wait of an hour, or for a used-up quota
    contract/hostile/test_gateway_errors.py::test_a_used_up_quota_is_asked_for_once
    contract/hostile/test_gateway_errors.py::test_a_wait_of_an_hour_is_an_error_at_once
    core/http/test_retry.py::test_the_gateway_says_how_long_to_wait
a wait of -5, nan, 1e400, or until the year 9999
    contract/hostile/test_gateway_errors.py::test_no_wait_that_a_gateway_asks_for_is_a_crash
    core/http/test_error_responses.py::test_any_retry_header_can_be_read
the gateway is down, twice or for good
    contract/hostile/test_gateway_errors.py::test_a_third_request_may_succeed_and_there_is_no_fourth
    contract/hostile/test_gateway_errors.py::test_the_gateway_says_whether_to_ask_again
    contract/hostile/test_gateway_errors.py::test_asking_in_another_form_is_no_fresh_start
the connection breaks, or garbage comes back
    contract/hostile/test_connections.py::test_a_connection_that_ends_without_an_answer_may_have_been_billed
    contract/hostile/test_connections.py::test_a_connection_that_breaks_is_one_error
    core/http/test_transport.py::test_what_was_not_sent_as_a_whole_is_sent_again_and_costs_nothing
    core/http/test_transport.py::test_a_connection_that_the_server_had_closed_while_it_was_idle_is_replaced
the gateway is silent, or sends a byte now and then
    contract/hostile/test_connections.py::test_a_silent_gateway_is_left_when_time_is_up
    contract/hostile/test_connections.py::test_a_gateway_has_time_for_each_second_of_the_recording
    contract/hostile/test_connections.py::test_bytes_that_trickle_in_do_not_extend_the_time
status 200 with HTML, nothing, `null`, cut or deeply nested JSON
    contract/hostile/test_nonsense.py::test_nonsense_is_an_error_and_never_a_text
status 200 with an error in the body
    contract/hostile/test_nonsense.py::test_an_error_with_status_200_is_an_error_in_its_words
    contract/hostile/test_nonsense.py::test_an_error_is_no_transcript_in_any_response_format
a reply without choices or message, or of a wrong content type
    contract/hostile/test_nonsense.py::test_a_reply_without_content_is_an_error
    contract/hostile/test_nonsense.py::test_null_is_the_empty_text_of_a_model_that_has_nothing_to_say
    contract/hostile/test_nonsense.py::test_a_transcript_without_text_is_an_error
    contract/hostile/test_nonsense.py::test_good_json_of_any_type_is_read
the model stops early: `length`, `content_filter`, `error`
    contract/hostile/test_nonsense.py::test_an_answer_that_was_cut_short_says_so
    contract/hostile/test_nonsense.py::test_an_answer_that_the_model_broke_off_is_an_error_with_what_came
    contract/hostile/test_nonsense.py::test_a_transcript_by_chat_that_was_cut_is_an_error
a reply is compressed, or has no end
    contract/hostile/test_connections.py::test_a_compressed_reply_was_not_asked_for_and_is_not_unpacked
    contract/hostile/test_connections.py::test_a_compressed_refusal_is_known_by_its_status
    core/http/test_driver.py::test_a_reply_over_the_limit_is_not_read
the gateway redirects, elsewhere or in a loop
    contract/hostile/test_connections.py::test_a_redirect_takes_neither_key_nor_audio_elsewhere
    contract/hostile/test_connections.py::test_no_redirect_is_followed
a certificate does not verify; a wrong port or scheme
    contract/hostile/test_connections.py::test_a_certificate_that_does_not_verify_ends_it_at_once
    contract/hostile/test_connections.py::test_a_certificate_must_be_for_the_host
    contract/hostile/test_connections.py::test_https_to_a_plain_port_is_told_apart_from_a_bad_certificate
    contract/hostile/test_connections.py::test_http_to_a_tls_port_is_an_error
    contract/hostile/test_connections.py::test_a_port_where_nobody_listens_is_named
a stream ends early
    contract/hostile/test_streams.py::test_a_stream_without_its_end_is_an_error_with_its_text
    contract/hostile/test_streams.py::test_the_end_of_the_connection_is_not_the_end_of_the_stream
    contract/hostile/test_streams.py::test_either_a_finish_reason_or_done_is_an_end
    contract/hostile/test_streams.py::test_a_last_event_without_its_blank_line_counts
a tool call is cut in the middle of its arguments
    langchain/test_tool_calling.py::test_an_agent_never_runs_a_tool_call_that_was_cut
    llamaindex/test_tool_calling.py::test_an_agent_never_runs_a_tool_call_that_was_cut
    core/wire/test_chat_stream.py::test_a_stream_never_hands_on_a_call_that_was_cut
an error within a stream, in any shape
    contract/hostile/test_streams.py::test_an_error_in_a_stream_is_an_error_with_the_text_before
JSON, HTML or nothing in place of a stream
    contract/hostile/test_streams.py::test_plain_json_in_place_of_a_stream_is_the_answer
    contract/hostile/test_streams.py::test_what_is_no_stream_is_never_an_empty_success
a stream stalls, or sends comments for ever
    contract/hostile/test_streams.py::test_only_content_extends_the_time_of_a_stream
odd line ends, comments, single bytes, data after `[DONE]`, `null` events
    contract/hostile/test_streams.py::test_an_odd_stream_says_what_a_healthy_one_says
    contract/hostile/test_streams.py::test_an_event_without_content_changes_nothing
a line, or an answer, without end
    contract/hostile/test_streams.py::test_a_line_of_33_mib_is_not_read_to_its_end
    contract/hostile/test_streams.py::test_words_without_end_end_at_a_limit
the user leaves: `break`, a cancelled task, Ctrl-C
    contract/hostile/test_left_streams.py::test_a_stream_that_is_left_closes_its_connection
    contract/hostile/test_left_streams.py::test_a_task_that_is_cancelled_closes_its_connection
    core/http/test_connection.py::test_an_interrupt_before_headers_closes_the_connection
    core/http/test_connection.py::test_a_client_can_be_used_again_after_a_timeout
the process is killed, again and again
    core/operations/test_transcript_store.py::test_a_job_that_is_killed_again_and_again_pays_once_for_what_was_done
    core/operations/test_transcript_store.py::test_a_claim_of_a_process_that_died_is_taken_over_and_noted
two processes do the same job
    core/operations/test_transcript_store.py::test_two_processes_ask_for_each_piece_once
a store is cut, foreign, newer, open to all, or holds pickles; a disk is full
    contract/hostile/test_jobs.py::test_a_store_that_cannot_be_trusted_is_refused_before_anything_is_paid
    contract/hostile/test_jobs.py::test_a_store_where_none_can_be_is_refused_before_anything_is_paid
    core/operations/test_transcript_store.py::test_the_file_is_its_owners_alone_and_made_when_needed
    core/operations/test_claims.py::test_a_transcript_that_cannot_be_saved_is_returned_and_its_piece_is_free
model, language, key or timeout change between two runs
    core/operations/test_transcript_store.py::test_what_changes_the_text_is_another_piece
    core/operations/test_transcript_store.py::test_what_does_not_change_the_text_is_the_same_piece
    contract/hostile/test_jobs.py::test_what_does_not_change_the_text_is_not_paid_for_again
a piece fails for good, or the file changes amid the job
    core/operations/test_long_transcription.py::test_a_piece_that_fails_is_named_and_the_others_are_kept
    core/operations/test_long_transcription.py::test_a_gap_can_be_marked
    core/operations/test_transcript_store.py::test_a_job_that_failed_goes_on_with_what_is_missing
    contract/hostile/test_jobs.py::test_a_file_that_changes_amid_a_long_job_is_an_error
one of eight fails, or Ctrl-C comes in between
    contract/hostile/test_jobs.py::test_one_question_of_eight_costs_no_other
    contract/hostile/test_jobs.py::test_one_recording_of_eight_costs_no_other_and_none_twice
    core/operations/test_transcript_store.py::test_an_interrupted_job_leaves_at_once_and_keeps_what_is_done
the process forks after use
    contract/hostile/test_processes.py::test_forked_children_get_their_own_answers
several event loops, many threads, many objects
    contract/hostile/test_processes.py::test_one_object_works_in_event_loops_one_after_the_other_and_side_by_side
    contract/hostile/test_processes.py::test_objects_that_are_dropped_leave_no_descriptors
dumps, pickles, logs, traces and tracebacks
    contract/hostile/test_processes.py::test_no_dump_of_an_object_shows_its_secrets
    contract/hostile/test_processes.py::test_a_key_of_the_environment_is_in_no_pickle
    contract/hostile/test_processes.py::test_logs_show_neither_key_nor_audio
    contract/hostile/test_processes.py::test_a_traceback_with_locals_shows_neither_key_nor_audio
    contract/hostile/test_processes.py::test_a_trace_holds_the_reference_of_a_recording_and_no_key
a recording says "ignore your instructions"
    contract/hostile/test_processes.py::test_what_a_recording_says_is_quoted_line_by_line
    langchain/test_tools.py::test_a_recording_cannot_make_an_agent_read_other_files
    llamaindex/test_tools.py::test_a_recording_cannot_make_an_agent_read_other_files
"""


def _parse_rows(rows: str) -> dict[str, list[str]]:
    cases: dict[str, list[str]] = {}
    title = ""
    for line in rows.splitlines():
        if line.startswith(" "):
            cases[title].append(line.strip())
        else:
            cases[title := line] = []
    return cases


CASES = _parse_rows(_ROWS)
"""Files and names of the tests that hold each case, below `tests/`, by the title of the case."""
