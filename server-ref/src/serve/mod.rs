//! A server in this process: its settings, startup, connections, background work and shutdown.

mod accept_loop;
mod body_budget;
mod builder;
mod connection_counter;
mod demo;
mod maintenance;
mod polling_post_limits;
mod python_poll_limiter;
mod realtime_middleware;
mod request_pacer;
mod running_server;
mod start;
mod tcp_stream;

pub use builder::{Server, ServerBuilder};
pub use demo::DemoCredentials;
pub use running_server::RunningServer;
