"""The child process that owns one model: it reads jobs from a socket and answers with text.

llama.cpp aborts on bad input; here it takes only this process with it. Only `llama` imports
llama_cpp, nothing here imports trio.
"""
