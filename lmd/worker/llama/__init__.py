"""The seam to llama.cpp: the only package that imports llama_cpp.

Thin and typed: a call here is a call there, plus the checks without which llama.cpp aborts the
process (a batch larger than ``n_batch``, a token that a grammar does not allow, a row without
output). One thread owns a `Context`; `Vocabulary` and `Grammar` may be used from any thread.
"""
