"""The text codec and its parts."""
