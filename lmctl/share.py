"""Files that are no Python but belong to lmctl: shell code, service units, the example."""

import os

from lmctl.failures import EXIT_BROKEN, Failure

_PACKAGE = os.path.dirname(os.path.realpath(__file__))


def shared_file(name: str) -> str:
    """Where a shared file is: in the wheel's ``lmctl/_share``, else in the source tree around us.

    Raises Failure when the installation lacks it.
    """
    places = (os.path.join(_PACKAGE, "_share", name), os.path.join(os.path.dirname(_PACKAGE), name))
    for place in places:
        if os.path.isfile(place):
            return place
    raise Failure(
        f"this installation has no {name}: looked for {' and '.join(places)}",
        EXIT_BROKEN,
        "reinstall the package lmd",
    )


def read_shared(name: str) -> bytes:
    """What a shared file contains. Raises Failure when it cannot be read."""
    path = shared_file(name)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", EXIT_BROKEN) from error
