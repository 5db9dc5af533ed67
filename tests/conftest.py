"""Tests run one thread a process: more would be slower beside each other, and would change the last digits."""

import torch

torch.set_num_threads(1)
