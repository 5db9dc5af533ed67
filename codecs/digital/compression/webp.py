"""WebP, without the header that follows from the size."""

from semlink.codecs.digital.compression.bits import bits_of, bytes_of, joined, number_bits, number_of, undecodable
from semlink.codecs.digital.compression.contract import Bits
from semlink.codecs.digital.compression.image_file import ImageFile, Pixels, pillow_file

HEADER = 30  # bytes: RIFF 12, chunk 8, frame tag 3, start code 3, width and height 4
SYNC = b"\x9d\x01\x2a"
KEY_FRAME = 0b10000  # a frame tag: shown, profile 0, a key frame; the size of the first partition is above
PARTITION_BITS = 19


class Webp(ImageFile):
    """Lossy WebP, as libwebp writes it through Pillow, with the slowest and best method (6), at quality 0 to 100.

    Colour has half the resolution, as the format has it; a grey image is sent as one without colour.
    Sent: the size of the first partition, in as many bits as the size of the data takes, and the data of the frame from
    behind its dimensions on.
    Left out: the other 30 bytes that a file begins with, and the byte that evens out its length.

    Source: RFC 6386, section 9.1; RFC 9649.
    """

    levels = 101

    def written(self, image: Pixels, level: int, way: int) -> bytes:
        colours = image if image.ndim == 3 else image[..., None].repeat(3, axis=2)
        return pillow_file(colours, "WEBP", quality=level, method=6)

    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        data = file[HEADER:].removesuffix(b"\0")
        partition = int.from_bytes(file[20:23], "little") >> 5
        return joined(number_bits(partition, len(data).bit_length()), bits_of(data))

    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        size = next((size for size in _sizes(bits) if 8 * size + size.bit_length() == len(bits)), None)
        if size is None:
            raise undecodable()
        partition = number_of(bits[: size.bit_length()])
        data = bytes_of(bits[size.bit_length() :])
        data += b"\0" * (len(data) % 2)
        if partition >> PARTITION_BITS or max(shape) >= 1 << 14:
            raise undecodable()
        tag = (partition << 5 | KEY_FRAME).to_bytes(3, "little")
        frame = tag + SYNC + shape[1].to_bytes(2, "little") + shape[0].to_bytes(2, "little") + data
        chunk = b"WEBPVP8 " + len(frame).to_bytes(4, "little") + frame
        return b"RIFF" + len(chunk).to_bytes(4, "little") + chunk


def _sizes(bits: Bits) -> range:
    """How many bytes of data there may be in so many bits."""
    return range(len(bits) // 8, max(-1, len(bits) // 8 - 5), -1)
