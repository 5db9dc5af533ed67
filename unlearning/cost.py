"""What it costs to make a version of a codec, by training or by erasing: the numbers that rows give."""

from semlink.simulator.measure import Measure, by_name

MEASURES = by_name(
    Measure("seconds", "s", "lower", "Time to train or erase", "time", scale="free", interval="exact"),
    Measure(
        "steps", "steps", "lower", "Gradient steps", "the number of gradient steps", scale="free", interval="exact"
    ),
    Measure(
        "samples",
        "records",
        "lower",
        "Records read, with repetition",
        "the number of records read",
        scale="free",
        interval="exact",
    ),
    Measure(
        "peak_memory_mib",
        "MiB",
        "lower",
        "Peak memory of erasing (MiB)",
        "peak memory",
        scale="free",
        interval="exact",
    ),
)
