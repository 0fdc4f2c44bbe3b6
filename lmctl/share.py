"""Files that are no Python but belong to lmctl: shell code, service units, the example."""

from pathlib import Path

from lmctl.failures import EXIT_BROKEN, Failure

_PACKAGE = Path(__file__).resolve().parent


def shared_file(name: str) -> Path:
    """Where a shared file is: in the wheel's ``lmctl/_share``, else in the source tree around us.

    Raises Failure when the installation lacks it.
    """
    places = (_PACKAGE / "_share" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_file():
            return place
    raise Failure(
        f"this installation has no {name}: looked for {' and '.join(map(str, places))}",
        EXIT_BROKEN,
        "reinstall the package lmd",
    )
