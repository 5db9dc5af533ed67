"""`python -m semlink` is the `semlink` command."""

from semlink.experiments.cli.app import main

if __name__ == "__main__":
    main()
