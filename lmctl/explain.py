"""`lmctl explain`: the explanation on stdout as it comes, what is risky on stderr."""

import os

from lmctl.context import Input
from lmctl.failures import EXIT_OK
from lmctl.generate import exchange, result_text
from lmctl.output import Answer, print_text, show_receipt
from lmctl.progress import Progress
from lmctl.shell_options import EXPLAIN
from lmctl.shell_request import request_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.parse import Arguments


def run(arguments: "Arguments", messages: "Messages") -> int:
    """Ask, print, return the exit status. Raises Failure, KeyboardInterrupt, BrokenPipeError."""
    progress = Progress(messages.animates(os.environ), messages)
    answer = Answer()
    as_json = arguments.flag("json")
    try:
        params = request_params(EXPLAIN, arguments, Input(messages, progress), messages)
        if not as_json and not arguments.flag("no-stream"):
            params["stream"] = True
        result = exchange(EXPLAIN.name, params, arguments, answer, progress)
    finally:
        progress.clear()
    if as_json:
        import json

        print_text(json.dumps(result))
    else:
        answer.write(result_text(result)[answer.taken :])
        answer.finish()
        answer.end_line()
    risk = result.get("risk")
    for phrase in risk if isinstance(risk, list) else []:
        messages.note(f"not checked: {phrase}")
    show_receipt(result, messages, verbose=arguments.flag("verbose"))
    return EXIT_OK
