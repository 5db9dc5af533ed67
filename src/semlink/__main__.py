"""`python -m semlink` is the `semlink` command."""

from semlink.experiments.cli import main

if __name__ == "__main__":
    main()
