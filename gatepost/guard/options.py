"""The guard's options: every number of its decision logic."""
