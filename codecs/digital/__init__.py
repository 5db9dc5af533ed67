"""The classical chain: source coder, error-correcting code and modulation, as one codec."""
