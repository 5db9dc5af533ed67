"""Codecs whose receiver is the generator of a GAN, and their parts."""
