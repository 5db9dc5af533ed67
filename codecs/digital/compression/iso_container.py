"""The container of HEIC and AVIF files: boxes that describe the picture in the last box."""

from dataclasses import dataclass

from semlink.codecs.digital.compression.bits import undecodable

PLACE, MEDIA = b"iloc", b"mdat"
SIZE = 4  # bytes of a length


@dataclass(frozen=True)
class Container:
    """How a file with one picture begins, the same for all pictures of a shape but for two lengths.

    head: all before the data of the picture. length: where in it the length of the data stands, 4 bytes; the length of
    the box around the data stands in the 8 bytes before them.
    Source: ISO/IEC 14496-12, sections 8.1.1 and 8.11.3.
    """

    head: bytes
    length: int

    @classmethod
    def of(cls, file: bytes) -> "Container":
        """The container of a file that an encoder wrote."""
        place = file.index(PLACE) - SIZE
        end = place + int.from_bytes(
            file[place : place + SIZE], "big"
        )  # the box ends with the length of its one extent
        return cls(file[: file.index(MEDIA) + len(MEDIA)], end - SIZE)

    def data(self, file: bytes) -> bytes:
        """The data of the picture in a file."""
        return file[len(self.head) :]

    def file(self, data: bytes) -> bytes:
        """The file of a picture with these data. Errors: CodecError where they are too long."""
        if len(data) >= 1 << 31:
            raise undecodable()
        head = bytearray(self.head)
        head[self.length : self.length + SIZE] = len(data).to_bytes(SIZE, "big")
        head[-2 * SIZE : -SIZE] = (len(data) + 2 * SIZE).to_bytes(SIZE, "big")
        return bytes(head) + data
