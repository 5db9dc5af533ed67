"""One-shot unlearning with mnemonic codes."""
