"""Whose work the model was trained on; GGUF metadata and NOTICE.md carry this list."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One collection of rows and the licence it came under."""

    name: str
    author: str
    licence: str
    url: str


GITHUB = "https://github.com/"
SOURCES = [
    Source("tldr-pages", "tldr-pages team and contributors", "CC BY 4.0, modified",
           GITHUB + "tldr-pages/tldr"),
    Source("NL2Bash", "Xi Victoria Lin, Chenglong Wang, Luke Zettlemoyer, Michael D. Ernst", "MIT",
           GITHUB + "TellinaTool/nl2bash"),
    Source("cheat/cheatsheets", "cheat contributors", "CC0 1.0", GITHUB + "cheat/cheatsheets"),
    Source("cheat.sheets", "Igor Chubin", "MIT", GITHUB + "chubin/cheat.sheets"),
    Source("eg", "Sam Sudar", "MIT", GITHUB + "srsudar/eg"),
    Source("awesome-cheatsheets", "Julien Le Coupanec", "MIT",
           GITHUB + "LeCoupa/awesome-cheatsheets"),
    Source("Bash-Oneliner", "I-Man Ng", "MIT", GITHUB + "onceupon/Bash-Oneliner"),
    Source("The Book of Secret Knowledge", "trimstray", "MIT",
           GITHUB + "trimstray/the-book-of-secret-knowledge"),
    Source("git-tips", "Hemanth.HM", "MIT", GITHUB + "git-tips/tips"),
    Source("Linux Command Library (basics)", "Simon Schubert", "Apache-2.0, modified",
           GITHUB + "SimonSchubert/LinuxCommandLibrary"),
    Source("Podman documentation", "Podman authors", "Apache-2.0, modified",
           GITHUB + "containers/podman"),
    Source("curl documentation", "Daniel Stenberg and contributors", "curl",
           GITHUB + "curl/curl"),
    Source("withfig/autocomplete", "Hercules Labs Inc.", "MIT", GITHUB + "withfig/autocomplete"),
    Source("carapace-bin", "rsteube", "MIT", GITHUB + "carapace-sh/carapace-bin"),
    Source("OpenSSH manual pages", "OpenSSH contributors", "BSD",
           GITHUB + "openssh/openssh-portable"),
    Source("toybox", "Rob Landley", "0BSD", GITHUB + "landley/toybox"),
    Source("uutils coreutils", "uutils developers", "MIT", GITHUB + "uutils/coreutils"),
    Source("thefuck", "Vladimir Iakovlev", "MIT", GITHUB + "nvbn/thefuck"),
    Source("everyday requests", "lmd contributors", "MIT", "training/everyday*.txt of lmd"),
]  # fmt: skip
LICENCE = "mit"
LICENCE_NAME = "MIT; trained on rows under the licences listed in general.description"
DESCRIPTION = (
    "Shell commands: suggested for a request, explained, repaired. Trained from scratch on "
    + "; ".join(f"{source.name} ({source.licence}, (c) {source.author})" for source in SOURCES)
    + ". The rows were cleaned, filtered and varied; no endorsement by their authors is implied."
)
