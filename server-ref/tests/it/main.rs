//! Behaviour tests: one file per behaviour, named after it. They talk to the server as any client would.

mod connect;
mod support;
