"""Codecs made of two torch modules of a user: an encoder and a decoder, to which semlink adds the link."""
