"""Language models: what sentences cost at least, and the probabilities that an arithmetic coder works with."""
