"""Benchmarks, golden data, mutants: what the library is measured by."""
