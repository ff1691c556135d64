//! The client against a scripted server, on a clock that stands still; one file per behaviour.
#![allow(clippy::unwrap_used)]

mod common;
mod rest_server;

mod acks;
mod an_outage_of_an_hour;
mod an_unclear_refusal_is_tried_again;
mod answers_that_come_very_late;
mod attempts_are_limited;
mod backfill_by_rest;
mod backfill_follows_the_reader;
mod bad_options_are_refused;
mod close_in_every_phase;
mod connect_errors_are_read;
mod connect_needs_a_runtime;
mod credentials;
mod cursor;
mod cursors_stay_before_a_loss;
mod damaged_answers_are_no_answers;
mod default_options_lose_nothing_on_resume;
mod disconnect_before_acknowledgement_is_a_refusal;
mod dropping_everything_ends_the_task;
mod early_connected_is_accepted;
mod emit_is_limited;
mod engine_io;
mod failover;
mod golden;
mod heartbeat;
mod interruptions_without_a_log;
mod joins_go_one_at_a_time;
mod listings_are_read_row_by_row;
mod liveness;
mod network_changed;
mod odd_input;
mod overflow_close_ends_the_stream;
mod payloads;
mod recordings;
mod refused_joins;
mod rejoin_is_paced;
mod secrets_are_never_shown;
mod server_disconnect_policy;
mod slow_reader_is_caught_up;
mod slow_reader_is_told;
mod socket_io;
mod streams_are_bounded_in_bytes;
mod throttle;
