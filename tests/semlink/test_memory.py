"""The peak of memory, against an array of known size."""

import numpy as np

from semlink.memory import peak_memory


def test_memory_that_is_freed_again_counts() -> None:
    with peak_memory("cpu") as small:
        pass
    with peak_memory("cpu") as large:
        held = np.ones(64 * 2**17)  # 64 MiB
        del held
    with peak_memory("cpu") as after:
        pass
    assert 60 < large.mebibytes < 90
    assert small.mebibytes < 8
    assert after.mebibytes < 8
