"""A command in a process of its own that is killed (SIGKILL) when it reaches a step.

python -m tests.governance.backup.story MODULE FUNCTION COMMAND [ARGUMENT …]
"""

import os
import signal
import sys
from importlib import import_module
from typing import Any


def _killed(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    module, name, *command = sys.argv[1:]
    *path, last = name.split(".")
    owner: Any = import_module(module)
    for step in path:
        owner = getattr(owner, step)
    setattr(owner, last, _killed)
    call_command(*command)


if __name__ == "__main__":
    main()
