"""semlink: simulate semantic communication end to end, and make a deployed codec forget.

The parts, each its own folder: `semlink.channels`, `semlink.codecs`, `semlink.simulator`, `semlink.unlearning`,
`semlink.experiments`. Importing `semlink` loads none of them.
"""

__version__ = "0.1.0"
