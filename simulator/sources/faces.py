"""Faces: 400 portraits of 40 persons, from a data folder."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.data_folder import data_folder
from semlink.simulator.sources.published import check_published, content_of
from semlink.simulator.sources.reader import SourceReader, Terms

PICTURES = 10  # of each person, one person after the other
PERSONS = 40
FACES_SHA256 = "c7cb70822f108b0510ff41c9bfc7a6ad74ef8f80aef4063cd1a25a43c76906df"


@dataclass(frozen=True)
class Faces(SourceReader):
    """Olivetti faces, grey, uint8 [64, 64]: of the ten of each person eight train, one validates and one tests.

    An owner is the person shown, "person-00" to "person-39", who is also the class. The ninth picture of a person is
    in the validation split, the tenth in the test split. These are real persons: credit AT&T Laboratories Cambridge.

    Errors: SourceError when the file is missing or differs from the published one.
    Source: F. Samaria, A. Harter, Parameterisation of a Stochastic Model for Human Face Identification, 1994;
            file `olivetti/olivetti_faces.npz`.
    """

    terms = Terms(
        content="Portraits, 64 by 64 grey pixels (F. Samaria, A. Harter, 1994; the Olivetti version).",
        persons="40 real persons, ten portraits each. "
        "Use what is trained on them for research on erasure and recognition alone.",
        licence="No licence is stated; credit AT&T Laboratories Cambridge.",
    )

    def read(self, data_dir: Path | None) -> Source:
        path = data_folder("faces", data_dir) / "olivetti" / "olivetti_faces.npz"
        content = content_of(path)
        check_published(content, FACES_SHA256, path)
        with np.load(io.BytesIO(content)) as stored:
            images = stored["faces"]
        persons = tuple(f"person-{number:02d}" for number in range(PERSONS))
        records = [
            Record(f"faces/{index:03d}", image, persons[index // PICTURES], index // PICTURES)
            for index, image in enumerate(images)
        ]
        train = [record for index, record in enumerate(records) if index % PICTURES < PICTURES - 2]
        validation, test = (records[place::PICTURES] for place in (PICTURES - 2, PICTURES - 1))
        return Source("faces", "image", train, validation, test, persons)
