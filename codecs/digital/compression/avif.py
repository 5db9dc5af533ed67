"""AVIF, the still picture of AV1, without its container and sequence header."""

from dataclasses import dataclass
from functools import lru_cache

from semlink.codecs.digital.compression.bits import bits_of, bytes_of
from semlink.codecs.digital.compression.contract import Bits
from semlink.codecs.digital.compression.image_file import ImageFile, Pixels, blank, pillow_file
from semlink.codecs.digital.compression.iso_container import Container

QUANTISERS = 64  # that quality 0 to 100 is mapped to
SPEED = 6  # of 0 (slow) to 10: slower ones gain some 0.1 dB for twice the time
FRAME = b"\x32"  # the first byte of an open bitstream unit that holds a frame and says its length


class Avif(ImageFile):
    """AVIF, as libaom writes it through Pillow.

    Speed 6, tuned for PSNR; colour images keep the full resolution of colour, grey ones have no colour.

    Sent: the frame, which contains its quantiser.
    Left out: container, temporal delimiter, sequence header, type and length of the frame: about 290 bytes at 32 x 32
    pixels in colour.

    Source: AV1 Image File Format 1.1; AV1 Bitstream and Decoding Process Specification, section 5.3.
    """

    levels = QUANTISERS

    def written(self, image: Pixels, level: int, way: int) -> bytes:
        return pillow_file(
            image,
            "AVIF",
            quality=round(100 * level / (QUANTISERS - 1)),
            subsampling="4:4:4" if image.ndim == 3 else "4:0:0",
            speed=SPEED,
            max_threads=1,
            advanced={"tune": "psnr"},
        )

    def shortened(self, file: bytes, shape: tuple[int, ...], level: int, way: int) -> Bits:
        known = _known(shape)
        unit = known.container.data(file)[len(known.before) + len(FRAME) :]
        return bits_of(unit[_length_bytes(unit) :])

    def completed(self, bits: Bits, shape: tuple[int, ...]) -> bytes:
        known, frame = _known(shape), bytes_of(bits)
        return known.container.file(known.before + FRAME + _length(len(frame)) + frame)


@dataclass(frozen=True)
class _Known:
    """What files of one shape share: the container, and the units before the frame."""

    container: Container
    before: bytes


@lru_cache(maxsize=512)
def _known(shape: tuple[int, ...]) -> _Known:
    file = Avif().written(blank(shape), 0, 0)
    container = Container.of(file)
    data, at = container.data(file), 0
    while data[at : at + 1] != FRAME:
        size = _length_bytes(data[at + 1 :])
        at += 1 + size + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(data[at + 1 : at + 1 + size]))
    return _Known(container, data[:at])


def _length_bytes(unit: bytes) -> int:
    """How many bytes the length takes that something begins with: all but its last have their upper bit set."""
    return next((place for place, byte in enumerate(unit) if byte < 0x80), 0) + 1


def _length(value: int) -> bytes:
    """A length, seven bits a byte, the lowest first."""
    groups = [value >> place & 0x7F for place in range(0, max(1, value.bit_length()), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
