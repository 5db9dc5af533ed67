"""Source coders of the classical chain, each by the name that a user gives it."""

from typing import TYPE_CHECKING, Any

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.codecs.digital.compression.contract import Compressor

COMPRESSORS: "Registry[type[Compressor[Any]]]" = Registry(
    "compressor",
    {
        "avif": "semlink.codecs.digital.compression.avif:Avif",
        "brotli": "semlink.codecs.digital.compression.brotli_text:Brotli",
        "five-bit": "semlink.codecs.digital.compression.five_bit:FiveBit",
        "heic": "semlink.codecs.digital.compression.heic:Heic",
        "huffman": "semlink.codecs.digital.compression.huffman:Huffman",
        "jpeg": "semlink.codecs.digital.compression.jpeg:Jpeg",
        "jpeg2000": "semlink.codecs.digital.compression.jpeg2000:Jpeg2000",
        "ngram": "semlink.codecs.digital.compression.ngram:Ngram",
        "webp": "semlink.codecs.digital.compression.webp:Webp",
        "zlib": "semlink.codecs.digital.compression.deflate:Deflate",
    },
)
