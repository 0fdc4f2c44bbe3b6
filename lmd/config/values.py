"""Kinds of values that a configuration has besides TOML's own: each may be written as people do.

``unit`` tells `lmd.config.written` how a text becomes the value that the schema asks for.
"""

from typing import Annotated, Any

from msgspec import Meta


def _unit(name: str) -> dict[str, Any]:
    return {"extra": {"unit": name}, "extra_json_schema": {"x-unit": name}}


Seconds = Annotated[float, Meta(ge=0, **_unit("duration"))]
PositiveSeconds = Annotated[float, Meta(gt=0, le=86_400, **_unit("duration"))]
Bytes = Annotated[int, Meta(ge=1 << 20, le=1 << 30, **_unit("size"))]
MemoryBytes = Annotated[int, Meta(ge=64 << 20, le=1 << 50, **_unit("size"))]
Storage = Annotated[int, Meta(ge=0, le=1 << 50, **_unit("size"))]
"""What a cache may take, of memory or of a disk; 0 switches it off."""
Path = Annotated[str, Meta(max_length=4096, **_unit("path"))]
"""Absolute once ``~`` and variables are replaced; empty where a key allows that."""
