//! Behaviour tests: one file per behaviour, named after it. They talk to the server as any client would.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod access_is_checked_at_the_join;
mod ai_prompts;
mod any_text;
mod authorization;
mod connect;
mod cross_origin;
mod csrf;
mod dashboard;
mod databases;
mod drain_on_sigterm;
mod dropping_cuts_everything;
mod engine_io_polling;
mod engine_io_websocket;
mod event_ids_are_in_order;
mod garbage_is_survived;
mod hostile_texts;
mod keys;
mod keys_stay_out_of_the_log;
mod limits;
mod login;
mod members;
mod metrics;
mod notifications;
mod openapi;
mod polling;
#[allow(dead_code, reason = "of the other tests, which use all of it")]
mod program;
mod projects;
mod replay;
mod requests_are_served_in_order;
mod rest;
mod restart_keeps_everything;
mod review;
mod rules;
mod security_headers;
mod slow_clients;
mod slow_requests;
mod socket_io_protocol;
mod statistics_are_throttled;
mod support;
mod trusted_proxy;
mod user_activity;
mod users;
mod web;
mod withdrawal_races;
