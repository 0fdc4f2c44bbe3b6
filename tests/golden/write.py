"""Write the golden frames and the generated tables of docs/protocol.md anew.

``python -m tests.golden.write``, from the root of the repository. A change of either file is a
change of the protocol: read the diff. Fields may be added; what is there stays.
"""

from tests.golden import frames, reference


def main() -> None:
    """Overwrite both files."""
    frames.FILE.write_text(frames.render(), encoding="utf-8")
    text = reference.DOCUMENT.read_text(encoding="utf-8")
    reference.DOCUMENT.write_text(reference.documented(text), encoding="utf-8")


if __name__ == "__main__":
    main()
