"""Write a model in other quantisations, to compare what they cost: Q6_K and Q4_K_M beside Q8_0."""

import argparse
from pathlib import Path

import llama_cpp

KINDS = {
    "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "Q6_K": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    "Q4_K_M": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
}


def quantise(source: Path, kind: str, out: Path) -> None:
    """Write `source` as `kind`. Raises RuntimeError when llama.cpp refuses."""
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = KINDS[kind]
    parameters.allow_requantize = True
    status = llama_cpp.llama_model_quantize(str(source).encode(), str(out).encode(), parameters)
    if status:
        raise RuntimeError(f"llama.cpp could not write {out} (status {status})")


def main() -> None:
    """Write every kind into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "source", type=Path, help="a GGUF in F32 or F16 (`training.export --float`)"
    )
    parser.add_argument("out", type=Path, help="folder for the files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = options.out / f"{kind}.gguf"
        quantise(options.source, kind, path)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
