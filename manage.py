#!/usr/bin/env python
"""Django's command line for the IT Investment Governance Dashboard."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings.base")
    from governance.logs import run_command

    run_command(sys.argv)


if __name__ == "__main__":
    main()
