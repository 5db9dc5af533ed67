"""Source coders of the classical chain, each by the name that a user gives it."""

from typing import Any

from semlink.codecs.digital.compression.avif import Avif
from semlink.codecs.digital.compression.brotli_text import Brotli
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.deflate import Deflate
from semlink.codecs.digital.compression.five_bit import FiveBit
from semlink.codecs.digital.compression.heic import Heic
from semlink.codecs.digital.compression.huffman import Huffman
from semlink.codecs.digital.compression.jpeg import Jpeg
from semlink.codecs.digital.compression.jpeg2000 import Jpeg2000
from semlink.codecs.digital.compression.ngram import Ngram
from semlink.codecs.digital.compression.webp import Webp

COMPRESSORS: dict[str, type[Compressor[Any]]] = {
    "avif": Avif,
    "brotli": Brotli,
    "five-bit": FiveBit,
    "heic": Heic,
    "huffman": Huffman,
    "jpeg": Jpeg,
    "jpeg2000": Jpeg2000,
    "ngram": Ngram,
    "webp": Webp,
    "zlib": Deflate,
}

__all__ = ["COMPRESSORS", "Bits", "Compressor"]
