"""Chats to tokens, and what all chats with the same system prompt begin with."""

from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.vocabulary import Vocabulary
from lmd.worker.prefix import common_prefix
from lmd.worker.template import ChatTemplate, TemplateFailed, refusal

PROBES = ("1", "x")
"""Two questions that have no first token in common, in no tokenizer."""


class Prompts:
    """Tokenizes for one model. One thread at a time, as the template's process."""

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate) -> None:
        self._vocabulary = vocabulary
        self._template = template

    def chat(self, messages: list[Message]) -> list[int]:
        """A chat up to where the assistant speaks. Raises LmdError: the template may refuse it."""
        try:
            parts = self._template.render(messages)
        except TemplateFailed as error:
            raise refusal(error) from error
        return [token for part in parts for token in self.text(part.text, special=part.trusted)]

    def text(self, text: str, *, special: bool) -> list[int]:
        """A text without anything added. Raises LmdError where it cannot be tokenized."""
        try:
            return self._vocabulary.tokenize(text, add_special=False, parse_special=special)
        except LlamaError as error:
            raise LmdError("invalid_request", str(error)) from error

    def with_bos(self, tokens: list[int]) -> list[int]:
        """Most models want one begin-of-sequence token; a template may have written it."""
        bos = self._vocabulary.bos
        if bos < 0 or (tokens and tokens[0] == bos):
            return tokens
        return [bos, *tokens] if self._vocabulary.adds_bos or not tokens else tokens

    def system(self, text: str) -> list[int]:
        """What every chat behind this system prompt begins with. Raises LmdError as `chat`."""
        system = Message("system", text)
        one, other = (
            self.with_bos(self.chat([system, Message("user", probe)])) for probe in PROBES
        )
        return one[: common_prefix(one, other)]
