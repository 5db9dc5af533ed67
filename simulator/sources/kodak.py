"""Kodak: 24 colour photographs on which image codecs are compared, from a data folder."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semlink.errors import SourceError
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.published import check_published, content_of
from semlink.simulator.sources.reader import SourceReader, Terms
from semlink.simulator.sources.splits import check_limit

PIXELS_SHA256 = (  # of kodim01 to kodim24, [height, width, 3]
    "a00210743353594464ac67e680a41710f484444ca5f9dfddeb570de25c428273",
    "ae5a495df4ec40e0941265440ccf98973915b4190ab803e37a23ca93dd43a07e",
    "234e61f585503f2a44400f5561131e8a512ef2c15328cd83d5cdbf10e2616cf2",
    "e88e788fca00e6c723bb66ff45edb8cb56091ee284dcb73e3909834f2c96eeb6",
    "ed3d1ee770909d3b27903b52ce19ee59a9bf24621a7bf1fb57b90677da880cb6",
    "7f45158999fa297d1cfbd292b3e2f3f5b27770701c3473155c211c3f512cc97f",
    "4e3664bf6fe865b49f15f7b554efa7dbecaf73ae0e8699f2e307bf07849f1264",
    "889c3740e4ed54ca53d11ae735a44d15fa24fe312b3bd1609a80618a4092c208",
    "f8453140e63a42301a6dbebb849a3cc40d34e4e59580eb1f372f7f5460df0dbe",
    "fabe11b5c4f028394e093a5b5907e5fabc8072da0d5334fb3a38547a7e1be842",
    "ab4dd9bf8431e717d33892b3ba03c63bfea3c7fa72c2610010de7df3c194c075",
    "f412db2168e599949aac26bd3264f111b23a684f30a21cfd320e9e95bc69bbae",
    "875703d56fb9396f478b5d7d3b18e2b77c17147a685c6dc2567e1c574aaf01e3",
    "2bd5029ee75ac1697542e5b05624e8afe186e3250abd7513d6a806b52084c2f0",
    "b5353e7511277009922ecbdebfc6418fec53aa1b2a08d44fc957a7540825697b",
    "ed21745fd32fce95cc2c6af7fc52b1b15e590c7a14ab18ab34bd65ecaf955ac7",
    "566bc866664e9b06dc86e2654051b454844efe17322dbf7e24156d8243f1943e",
    "3475af71066f3ca8206eb12cfc989ebe9c6e44820a96604e88ae018606e1f7bd",
    "7956408ef24222d37ac53f579bd24d5b2c3557b16c657e8b71c1b6ae9f18de1b",
    "666ce8f2db5566a123bb081e70618f6f4c4253df960f3b41bb9dcc3dd134f3cf",
    "2d6902daf7c4486b7c8c04d834091841a2b38c8f0c81cd7a963a6510b34a2a6a",
    "f430842120c108b67725ada96b8b7b2a914f6a0915eacd5595064c6c1a5d70a0",
    "81992a83592267e69125666f3e3e04c1819529b4c4c1e55fde0a6a741bac4219",
    "e3e3ccc3e795b82a3da66934409dfe98ce0f5aadc6d7767543c506453599bb98",
)

SIDES = [512, 768]  # pixels


@dataclass(frozen=True)
class Kodak(SourceReader):
    """Photographs to test with, uint8 [512, 768, 3] or, six of them, [768, 512, 3]; none to train or validate with.

    The pixels are checked and not the files, since copies compressed by different programs differ. All are owned by
    "kodak" and have no class.

    Fields: limit: at most so many photographs, the first ones.
    Errors: SourceError when a file is missing or shows something else; WrongField for a limit below 1.
    Source: Kodak Lossless True Color Image Suite, 1993; files `kodak/kodim01.png` to `kodak/kodim24.png`.
    """

    terms = Terms(
        content="24 colour photographs (Kodak Lossless True Color Image Suite, 1993).",
        persons="Some show persons, who are not named.",
        licence="Commonly stated to be released by Eastman Kodak for unrestricted use; there is no licence file.",
    )

    limit: int | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, data_dir: Path | None) -> Source:
        folder = data_folder("kodak", data_dir) / "kodak"
        digests = {f"kodim{number:02d}": digest for number, digest in enumerate(PIXELS_SHA256[: self.limit], start=1)}
        photographs = [
            Record(f"kodak/{name}", _pixels(folder / f"{name}.png", digest), "kodak")
            for name, digest in digests.items()
        ]
        return Source("kodak", "image", train=[], validation=[], test=photographs)


def _pixels(path: Path, sha256: str) -> NDArray[np.uint8]:
    from PIL import Image  # here, since only few sources need it

    try:
        with Image.open(io.BytesIO(content_of(path)), formats=["PNG"]) as picture:
            if sorted(picture.size) != SIDES:  # before anything is decoded
                raise SourceError(f"{path} shows another image than was published under this name; get it again.")
            pixels = np.array(picture)
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:  # what Pillow raises for damaged files
        raise SourceError(f"{path} is not a PNG file, or damaged; get it again.") from error
    check_published(pixels.tobytes(), sha256, path)
    return pixels
