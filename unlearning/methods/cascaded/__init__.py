"""Cascaded unlearning of a GAN."""
