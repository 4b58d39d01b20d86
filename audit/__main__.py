"""``python -m audit``: the command line, where the installed command is not on the path."""

from audit.cli.main import main

if __name__ == "__main__":
    main()
