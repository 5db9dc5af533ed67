"""JPEG, without the header that follows from the quality."""

from dataclasses import dataclass
from functools import lru_cache

from semlink.codecs.digital.compression.bits import bits_of, bytes_of, joined, number_bits, number_of, undecodable
from semlink.codecs.digital.compression.contract import Bits
from semlink.codecs.digital.compression.image_file import ImageFile, Pixels, blank, pillow_file

START, END, SCAN, TABLE = b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc4"
SUBSAMPLING = (2, 0)  # as Pillow counts: 4:2:0, 4:4:4
QUALITY_BITS = 7
COUNTS = 16  # bytes of a Huffman table that say how many codes there are of each length


class Jpeg(ImageFile):
    """Baseline JPEG, as libjpeg-turbo writes it through Pillow, at quality 1 to 100.

    Four ways to write a colour image, two to write a grey one: colour at half or at full resolution, each with the
    Huffman tables of the standard, which the receiver has, or with tables of the image's own, which pay in large
    images.
    Sent: the way in 2 bits, the quality in 7, own tables without marker, length and class, and the coded scan.
    Left out: 625 bytes of a file with standard tables (grey: 330), all from the start marker through the header of the
    scan, and the end marker.

    Source: ITU-T T.81, annex B; tables of annex K.
    """

    levels = 100

    def ways(self, shape: tuple[int, ...]) -> int:
        return 2 * len(SUBSAMPLING) if len(shape) == 3 else 2

    def written(self, image: Pixels, level: int, way: int) -> bytes:
        settings = {"subsampling": SUBSAMPLING[way // 2]} if image.ndim == 3 else {}
        return pillow_file(image, "JPEG", quality=level + 1, optimize=bool(way % 2), **settings)

    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        parts = _Parts.of(file)
        tables = b"".join(segment[5:] for segment in parts.tables()) if way % 2 else b""
        return joined(number_bits(way, 2), number_bits(level, QUALITY_BITS), bits_of(tables + parts.scan))

    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        way, level, data = (
            number_of(bits[:2]),
            number_of(bits[2 : 2 + QUALITY_BITS]),
            bytes_of(bits[2 + QUALITY_BITS :]),
        )
        if level >= self.levels or way >= self.ways(shape):
            raise undecodable()
        segments = list(_head(shape, level, way - way % 2))
        for number, segment in enumerate(segments):
            if way % 2 and segment.startswith(TABLE):
                table = data[: COUNTS + sum(data[:COUNTS])]
                data = data[len(table) :]
                segments[number] = TABLE + (3 + len(table)).to_bytes(2, "big") + segment[4:5] + table
        return START + b"".join(segments) + data + END


@dataclass(frozen=True)
class _Parts:
    """A file as its segments, each with its marker and length, and the scan that follows the last of them."""

    segments: tuple[bytes, ...]
    scan: bytes

    @classmethod
    def of(cls, file: bytes) -> "_Parts":
        segments: list[bytes] = []
        at = len(START)
        while not segments or not segments[-1].startswith(SCAN):
            length = 2 + int.from_bytes(file[at + 2 : at + 4], "big")
            if at + length > len(file):
                raise undecodable()
            segments.append(file[at : at + length])
            at += length
        return cls(tuple(segments), file[at : -len(END)])

    def tables(self) -> list[bytes]:
        return [segment for segment in self.segments if segment.startswith(TABLE)]


@lru_cache(maxsize=512)
def _head(shape: tuple[int, ...], level: int, way: int) -> tuple[bytes, ...]:
    """The segments before the scan of any image of this shape with standard tables."""
    return _Parts.of(Jpeg().written(blank(shape), level, way)).segments
