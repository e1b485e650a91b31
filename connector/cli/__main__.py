"""Lets `python -m connector.cli` be the `pupitre` command, where the script is not on the path."""

from connector.cli import main

if __name__ == "__main__":
    main()
