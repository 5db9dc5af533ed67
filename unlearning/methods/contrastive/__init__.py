"""Contrastive unlearning in the space of representations."""
