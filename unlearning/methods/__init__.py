"""Ways to make a codec forget, by the name that the command line takes."""

from semlink.unlearning.contract import Method
from semlink.unlearning.methods.finetune import Finetune
from semlink.unlearning.methods.gradient_ascent import GradientAscent
from semlink.unlearning.methods.retrain import Retrain
from semlink.unlearning.methods.scu import Scu
from semlink.unlearning.methods.scu_bounded import ScuBounded

METHODS: dict[str, type[Method]] = {
    "finetune": Finetune,
    "gradient-ascent": GradientAscent,
    "retrain": Retrain,
    "scu": Scu,
    "scu-bounded": ScuBounded,
}

__all__ = ["METHODS", "Finetune", "GradientAscent", "Method", "Retrain", "Scu", "ScuBounded"]
