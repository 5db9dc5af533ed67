"""From a recipe or a command to the rows of a run."""
