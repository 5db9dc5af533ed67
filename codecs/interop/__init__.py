"""Codecs in and out: what other frameworks read, and what they wrote."""
