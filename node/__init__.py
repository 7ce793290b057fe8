"""One node process: a trio shell around the Rust engine."""
