"""Commands that send text to a model: ask, complete, embed."""

from lmctl.table import COLOR, DAEMON, HELP, MODEL, QUIET, VERBOSE, Command, Option

INPUT = (
    Option(
        "file",
        "path",
        "add a file as context; '-' is stdin, waited for without limit; repeatable",
        short="f",
        metavar="FILE",
        repeat=True,
    ),
    Option(
        "stdin-wait",
        "float",
        "with a PROMPT, wait this long for the first byte of a pipe (default 10; 0: ignore stdin)",
        metavar="SECONDS",
    ),
)
CHAT = (
    Option(
        "persona",
        "text",
        "persona of the configuration: system prompt, model and sampling",
        short="p",
        metavar="PERSONA",
        wire="persona",
    ),
    Option(
        "prefix",
        "text",
        "prefix of the configuration, in front of the system prompt",
        metavar="PREFIX",
        wire="prefix",
    ),
    Option("system", "text", "system prompt", short="s", metavar="TEXT", wire="system"),
)
GENERATION = (
    Option(
        "lora",
        "text",
        "LoRA adapter of the model to answer with; repeatable",
        metavar="NAME",
        wire="lora",
        repeat=True,
    ),
    Option("max-tokens", "int", "longest answer", short="n", metavar="N", wire="max_tokens"),
    Option("temperature", "float", "0 is greedy", short="t", metavar="T", wire="temperature"),
    Option("top-p", "float", "nucleus sampling", metavar="P", wire="top_p"),
    Option("top-k", "int", "sample from the K likeliest tokens", metavar="K", wire="top_k"),
    Option("min-p", "float", "drop tokens below P of the likeliest", metavar="P", wire="min_p"),
    Option("seed", "int", "same seed, same answer", metavar="N", wire="seed"),
    Option(
        "stop",
        "text",
        "end the answer before this text; repeatable",
        metavar="TEXT",
        wire="stop",
        repeat=True,
    ),
    Option(
        "schema", "path", "JSON schema that the answer must fit; it is JSON then", metavar="FILE"
    ),
    Option("grammar", "path", "GBNF grammar that the answer must fit", metavar="FILE"),
    Option(
        "logprobs",
        "int",
        "report N alternatives per token; needs --json",
        metavar="N",
        wire="logprobs",
    ),
    Option(
        "overflow",
        "choice",
        "when the context is full: fail, or drop the oldest tokens",
        wire="overflow",
        choices=("error", "shift"),
    ),
    Option("private", "flag", "have nothing of it written to disk", wire="private"),
)
OUTPUT = (
    Option("json", "flag", "print the whole result as one line of JSON"),
    Option("no-stream", "flag", "print the answer when it is complete"),
    VERBOSE,
    QUIET,
    COLOR,
    HELP,
)

ASK = Command(
    "ask",
    "Ask a model; stdin and files are context.",
    "[OPTION]... [PROMPT]...",
    (
        ("Input", (MODEL, *CHAT, *INPUT)),
        ("Generation", GENERATION),
        ("Output", OUTPUT),
        ("Daemon", DAEMON),
    ),
    "The words of PROMPT are joined by spaces. Without PROMPT, or with '-', stdin is the prompt. "
    "With PROMPT, what is piped in follows it as context, after an empty line. '--' ends options.",
)
COMPLETE = Command(
    "complete",
    "Continue raw text, without a chat template; with --suffix fill the gap.",
    "[OPTION]... [TEXT]...",
    (
        (
            "Input",
            (MODEL, Option("suffix", "text", "text behind the gap", metavar="TEXT", wire="suffix")),
        ),
        ("Generation", GENERATION),
        ("Output", OUTPUT),
        ("Daemon", DAEMON),
    ),
    "Without TEXT, or with '-', stdin is the text, byte for byte. Only what the model adds is "
    "printed, without a newline of lmctl's own.",
)
EMBED = Command(
    "embed",
    "Print one vector per text.",
    "[OPTION]... [TEXT]...",
    (
        ("Input", (MODEL,)),
        (
            "Output",
            (
                Option("json", "flag", "print whole results, one line for up to 64 texts"),
                VERBOSE,
                QUIET,
                COLOR,
                HELP,
            ),
        ),
        ("Daemon", DAEMON),
    ),
    "Every TEXT is one text. Without TEXT, or with '-', every line of stdin is one. The output is "
    "one JSON array per text, in order.",
)

COMMANDS = {command.name: command for command in (ASK, COMPLETE, EMBED)}
