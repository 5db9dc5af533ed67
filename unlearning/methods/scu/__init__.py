"""SCU: joint unlearning of semantic encoder and decoder, as published and bounded."""
