"""Benchmarks against real peers. Every figure is a ratio of two things measured in one run."""
