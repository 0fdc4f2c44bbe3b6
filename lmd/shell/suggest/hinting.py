"""Which topics a request is likely about, as hints for prompts. Pure over the knowledge."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.hints import Hint
from lmd.shell.idioms import Hit
from lmd.shell.language import invocations, programs, simple_commands
from lmd.shell.suggest.knowledge import Knowledge

MOST_HINTS = 3
ABSENT = 0.1
"""What is left of the probability of a topic whose program the caller does not have."""
IDIOM_SHARE = 0.3
"""What everyday tasks weigh in the choice of topics, where one fits the request exactly."""
SHARPNESS = 6
"""Power of the idioms' scores: the best of them are worth several of the others."""
LEAST_PROBABILITY = 0.05
"""A less likely topic is not worth a sample."""


@dataclass(frozen=True, slots=True)
class Hinted:
    """A request with what the lexicon makes of it."""

    text: str
    """The request, without the words that name a program where a hint names it."""
    named: str
    """The topic that the request names; "" for none."""
    hints: tuple[Hint, ...]
    topics: Mapping[str, float]
    """Program -> probability."""
    idioms: tuple[Hit, ...] = ()
    """Commands of everyday tasks that are asked for like this, best first."""


def hint_request(request: str, knowledge: Knowledge, commands: Collection[str] | None) -> Hinted:
    """The likely topics of a request, likeliest first; one that it names is the only one.

    Topics whose program is not among ``commands`` have to be far likelier than others.
    """
    mention = knowledge.mention(request)
    if mention is not None:
        named, rest = mention
        program = named.split()[0]
        idioms = tuple(one for one in knowledge.idioms(request) if program in programs(one.command))
        return Hinted(rest, named, (knowledge.hint(named, rest),), {program: 1.0}, idioms)
    idioms = tuple(knowledge.idioms(request))
    topics = _with_idioms(knowledge.topics(request), idioms, knowledge)
    topics = _installed_first(topics, commands)
    likely = [topic for topic, share in topics[:MOST_HINTS] if share >= LEAST_PROBABILITY]
    shares: dict[str, float] = {}
    for topic, share in topics:
        program = topic.split()[0]
        shares[program] = shares.get(program, 0.0) + share
    hints = tuple(knowledge.hint(topic, request) for topic in likely)
    return Hinted(request, "", hints, shares, idioms)


def _with_idioms(
    topics: Sequence[tuple[str, float]], idioms: Sequence[Hit], knowledge: Knowledge
) -> list[tuple[str, float]]:
    """Topics as words propose them, and those of everyday tasks that are asked for alike."""
    if not idioms:
        return list(topics)
    masses = [hit.score**SHARPNESS for hit in idioms]
    share = IDIOM_SHARE * idioms[0].score
    mixed = {topic: (1 - share) * probability for topic, probability in topics}
    for hit, mass in zip(idioms, masses, strict=True):
        words = _plain_words(hit.command)
        if words:
            topic = knowledge.topic_of(words)
            mixed[topic] = mixed.get(topic, 0.0) + share * mass / sum(masses)
    return sorted(mixed.items(), key=lambda pair: -pair[1])


def _plain_words(command: str) -> tuple[str, ...]:
    """The words of the first program without its flags."""
    parts = (part for simple in simple_commands(command) for part in invocations(simple))
    first = next((part for part in parts if not part.is_transparent), None)
    words = [word.text for word in first.words if word.text[:1] != "-"] if first else []
    return tuple(words)


def _installed_first(
    topics: Sequence[tuple[str, float]], commands: Collection[str] | None
) -> list[tuple[str, float]]:
    """Topics in a new order, with probabilities that again make up one."""
    if commands is None or not topics:
        return list(topics)
    weighed = [
        (topic, share if topic.split()[0] in commands else share * ABSENT)
        for topic, share in topics
    ]
    whole = sum(share for _, share in weighed)
    ordered = sorted(weighed, key=lambda pair: -pair[1])
    return [(topic, share / whole) for topic, share in ordered] if whole else list(topics)
