//! The Node binding: a thin layer over `automoderate::facade`.
//!
//! Data crosses as JSON text, which V8 parses faster than objects can be built from here field by field. The SDK's
//! threads put results into a [`port::Port`], and one call wakes Node's thread for all of them. This part makes no
//! promises: the TypeScript in `lib/` makes them, decides what keeps the event loop running, and checks arguments.

#![allow(missing_debug_implementations)] // only JavaScript uses these types

mod answers;
mod chunk;
mod client;
mod credentials;
mod errors;
mod options;
mod port;
mod project;
mod stream;
mod test_server;
