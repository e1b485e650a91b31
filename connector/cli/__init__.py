"""The command line `pupitre`: everything the management API does, for a person or a script.

Written on the SDK, without a back door: only `init`, `serve`, `backup`, `restore` and `migrate` touch the node itself.
Words are those of an office, in French or English by locale; `--json` prints what the API answers. Exit codes are in
exits.py.
"""


def main() -> None:
    """Run the command line."""
    from connector.cli.root import cli

    cli()
