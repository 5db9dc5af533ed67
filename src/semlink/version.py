"""The version of semlink, in a file that loads nothing else."""

__version__ = "0.1.0"
