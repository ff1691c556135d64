//! The Node binding: a thin layer over `automoderate::facade`.
//!
//! Data crosses as JSON text, which V8 parses faster than objects can be built from here field by field. What the SDK's
//! threads have done is put into a [`port::Port`] and told to Node's thread by one call, however much it is. No promise
//! is made here: the face in `lib/` makes them, decides what keeps the event loop running, and checks arguments.

#![allow(missing_debug_implementations)] // these types are seen from JavaScript alone

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
