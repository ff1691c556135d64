//! Servers without an event log: what an interruption cost is made up for by REST, or told.
