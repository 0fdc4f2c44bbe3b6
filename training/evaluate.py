"""Judge the GGUF itself, with llama.cpp and greedy decoding, on rows that were held out.

head: the program is right.  exact: the whole line is, after choosing the option form that fits.
f1: overlap of words (punctuation and options count as words do), mean over the rows.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from llama_cpp import Llama

from training.augment import OPTION_FORMS
from training.rows import FIND_SHARE, PLACEHOLDER, Pair, program_of

LONGEST_ANSWER = 96  # tokens
REQUESTS = [
    "list the ten largest files under /var",
    "show disk usage of the current directory",
    "find all pdf files modified this week",
    "count lines in file.txt",
    "extract archive.tar.gz",
    "show running processes sorted by memory",
    "replace foo with bar in config.txt",
    "what is my ip address",
    "create a new git branch called feature/login",
    "kill the process on port 8080",
    "make script.sh executable",
    "download https://example.com/file.zip",
    "show the last 20 lines of server.log",
    "copy the folder src to backup",
    "search for TODO in all python files",
    "restart nginx",
    "undo the last commit but keep the changes",
    "resize image.png to 50%",
    "list all docker containers",
    "convert video.mp4 to mp3",
]


@dataclass(frozen=True, slots=True)
class Score:
    """Means over the rows judged, 0 to 1."""

    rows: int
    head: float
    exact: float
    f1: float


class ShellModel:
    """The exported model, asked as a chat client asks it."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self.llama = Llama(str(path), n_ctx=512, n_threads=threads, verbose=False)
        template = self.llama.metadata["tokenizer.chat_template"]
        self.template = ImmutableSandboxedEnvironment().from_string(template)

    def answer(self, request: str, platform: str = "linux") -> str:
        """Return the greedy answer to one request."""
        messages = [{"role": "user", "content": request}]
        if platform == "osx":
            messages.insert(0, {"role": "system", "content": "macos"})
        prompt = self.template.render(messages=messages, add_generation_prompt=True)
        tokens = self.llama.tokenize(prompt.encode(), add_bos=True, special=True)
        reply: Any = self.llama.create_completion(
            tokens, max_tokens=LONGEST_ANSWER, temperature=0.0
        )
        return str(reply["choices"][0]["text"]).strip()


def readings(command: str) -> list[str]:
    """Return the command with short options and with long ones, placeholders bare."""
    bare = []
    for form in (r"\1", r"\2"):
        chosen = OPTION_FORMS.sub(form, command)
        bare.append(PLACEHOLDER.sub(lambda m: re.sub(r",? ?\.\.\.$", "", m[1]), chosen))
    return bare


def words(command: str) -> Counter[str]:
    """Return the multiset of words and operators."""
    return Counter(re.findall(r"[\w./*~@%+=:-]+|[^\w\s]", command))


def token_f1(answer: str, wanted: str) -> float:
    """Return the harmonic mean of precision and recall over words."""
    given, right = words(answer), words(wanted)
    common = (given & right).total()
    return 2 * common / (given.total() + right.total()) if common else 0.0


def score(pairs: list[Pair], answer: Callable[[str, str], str]) -> tuple[Score, list[str]]:
    """Ask for every pair; return the means and a line for each wrong program."""
    answers: dict[str, list[Pair]] = {}
    for pair in pairs:
        answers.setdefault(pair.request, []).append(pair)
    heads = exacts = f1s = 0.0
    failures = []
    for request, group in answers.items():
        given = answer(request, group[0].platform)
        wanted = [reading for pair in group for reading in readings(pair.command)]
        head = program_of(given) in {pair.program for pair in group}
        heads += head
        exacts += " ".join(given.split()) in {" ".join(text.split()) for text in wanted}
        f1s += max(token_f1(given, text) for text in wanted)
        if not head:
            failures.append(f"{request}  ->  {given}   (wanted: {wanted[0]})")
    count = len(answers)
    return Score(count, heads / count, exacts / count, f1s / count), failures


def slices(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Return the rows to be judged together; rows that count little in training are left out."""
    everyday = [pair for pair in pairs if pair.source == "everyday"]
    rows = [pair for pair in pairs if pair.source != "everyday" and pair.weight >= FIND_SHARE]
    return {
        "held-out rows": rows,
        "  of them tldr": [pair for pair in rows if pair.source == "tldr"],
        "  of them nl2bash": [pair for pair in rows if pair.source == "nl2bash"],
        "everyday, unseen phrasing": everyday,
    }


def main() -> None:
    """Print the figures of a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--failures", type=int, default=12, help="wrong programs to show")
    options = parser.parse_args()
    model = ShellModel(options.gguf)
    pairs = [Pair(**json.loads(line)) for line in options.held_out.open(encoding="utf-8")]
    random.Random(1).shuffle(pairs)
    failures: dict[str, list[str]] = {}
    for name, chosen in slices(pairs).items():
        result, failures[name] = score(chosen, model.answer)
        print(f"{name}: {result.rows} requests, head {result.head:.3f}, "
              f"exact {result.exact:.3f}, f1 {result.f1:.3f}", flush=True)  # fmt: skip
    print("\nwrong programs, for example:")
    print(*failures["held-out rows"][: options.failures], sep="\n")
    print(*failures["everyday, unseen phrasing"], sep="\n")
    print("\nanswers:", *(f"{text}  ->  {model.answer(text)}" for text in REQUESTS), sep="\n")


if __name__ == "__main__":
    main()
