"""Replies of `status` as the daemon sends them."""

from typing import Any

SHELL = {
    "name": "shell", "state": "ready", "pid": 4242, "slots": 12, "busy": 1, "queued": 0,
    "threads": 1, "memory": {"weights_bytes": 6 << 20, "worker_rss_bytes": 160 << 20,
               "predicted_bytes": 150 << 20},
    "context": 4096, "aliases": ["builtin", "sh"], "path": "/models/shell.gguf", "default": True,
    "tokens_per_second": 61.5,
}  # fmt: skip
BIG = {
    "name": "qwen2.5-coder-32b-instruct", "state": "failed", "pid": None, "slots": 1, "busy": 0,
    "queued": 2, "memory": {"weights_bytes": 20 << 30, "worker_rss_bytes": None},
    "context": 32768, "aliases": [], "path": "/models/big.gguf", "restarts": 5,
    "last_error": "worker was killed by SIGABRT; its last words: GGML_ASSERT(n_tokens > 0) failed",
}  # fmt: skip
LOADING = {
    "name": "next", "state": "loading", "pid": None, "slots": 2, "busy": 0, "queued": 1,
    "memory": {"weights_bytes": 5 << 30, "worker_rss_bytes": None, "predicted_bytes": 6 << 30},
    "context": 8192, "aliases": [], "path": "/models/next.gguf", "loaded_percent": 43,
}  # fmt: skip
REQUESTS = [
    {"id": 17, "method": "ask", "model": "shell", "priority": "interactive", "state": "decode",
     "age_s": 2.5, "deadline_left_s": 597.5, "tokens": 40, "client_pid": 4711},
    {"id": 20, "method": "complete", "model": "shell", "priority": "batch", "state": "prefill",
     "age_s": 9.0, "deadline_left_s": 3.0, "done": 512, "total": 8000},
    {"id": 18, "method": "ask", "model": "next", "priority": "interactive", "state": "loading",
     "age_s": 1.0, "deadline_left_s": 99.0, "done": 43, "total": 100, "position": 0},
    {"id": 19, "method": "embed", "model": "qwen2.5-coder-32b-instruct", "priority": "batch",
     "state": "queued", "age_s": 61.0, "deadline_left_s": 539.0, "position": 3,
     "starts_in_s": 7.5, "client_pid": 12},
]  # fmt: skip
STATUS: dict[str, Any] = {
    "version": "0.1.0", "pid": 77, "uptime_s": 3723.0, "socket": "/run/user/1000/lmd/lmd.sock",
    "config": "/home/u/.config/lmd/lmd.toml", "connections": 5, "requests_in_flight": 5,
    "draining": False, "models": [SHELL, BIG, LOADING], "requests": REQUESTS,
    "requests_omitted": 0,
    "rates": {"tokens_10s": 61.5, "tokens_60s": 12.25, "requests_10s": 1.5, "requests_60s": 0.0},
    "recent_errors": [
        {"at": 1_795_000_000.0, "kind": "model_failed", "model": "qwen2.5-coder-32b-instruct",
         "reason": "worker was killed by SIGABRT"},
        {"at": 1_795_000_061.5, "kind": "config_rejected", "model": "",
         "reason": "/home/u/.config/lmd/lmd.toml:3: limits.queue_totl: unknown key"},
    ],
}  # fmt: skip
