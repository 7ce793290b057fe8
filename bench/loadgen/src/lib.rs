//! Open-loop, cluster-aware load generator.
