"""Source coders of the classical chain, each by the name that a user gives it."""

from typing import Any

from semlink.codecs.digital.compression.brotli_text import Brotli
from semlink.codecs.digital.compression.contract import Bits, Compressor
from semlink.codecs.digital.compression.deflate import Deflate
from semlink.codecs.digital.compression.five_bit import FiveBit
from semlink.codecs.digital.compression.jpeg import Jpeg
from semlink.codecs.digital.compression.webp import Webp

COMPRESSORS: dict[str, type[Compressor[Any]]] = {
    "brotli": Brotli,
    "five-bit": FiveBit,
    "jpeg": Jpeg,
    "webp": Webp,
    "zlib": Deflate,
}

__all__ = ["COMPRESSORS", "Bits", "Compressor"]
