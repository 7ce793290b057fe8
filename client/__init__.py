"""The cluster-aware client: blocking and async shells over one sans-IO core."""
