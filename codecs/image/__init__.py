"""The image codec and its parts."""
