//! Intentionally empty. The benchmarks are in `benches/instructions.rs`.
