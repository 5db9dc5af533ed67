"""DeepSC as it was published, so that codecs trained with that code can be taken over."""
