"""Ways to make a codec forget, by the name that the command line takes."""

from semlink.unlearning.contract import Method
from semlink.unlearning.methods.bad_teacher import BadTeacher
from semlink.unlearning.methods.boundary_expand import BoundaryExpand
from semlink.unlearning.methods.boundary_shrink import BoundaryShrink
from semlink.unlearning.methods.cascaded import Cascaded
from semlink.unlearning.methods.contrastive import Contrastive
from semlink.unlearning.methods.encoder_only import EncoderOnly
from semlink.unlearning.methods.finetune import Finetune
from semlink.unlearning.methods.fisher_forgetting import FisherForgetting
from semlink.unlearning.methods.fresh_condition import FreshCondition
from semlink.unlearning.methods.gradient_ascent import GradientAscent
from semlink.unlearning.methods.hessian import Hessian
from semlink.unlearning.methods.influence_step import InfluenceStep
from semlink.unlearning.methods.l1_sparse import L1Sparse
from semlink.unlearning.methods.last_layers import CatastrophicallyForgetLast, ExactlyUnlearnLast
from semlink.unlearning.methods.mnemonic import Mnemonic
from semlink.unlearning.methods.negative_gradient_plus import NegativeGradientPlus
from semlink.unlearning.methods.random_labels import RandomLabels
from semlink.unlearning.methods.retrain import Retrain
from semlink.unlearning.methods.salun import Salun
from semlink.unlearning.methods.scrub import Scrub
from semlink.unlearning.methods.scu import Scu
from semlink.unlearning.methods.scu_bounded import ScuBounded
from semlink.unlearning.methods.sisa import Sisa
from semlink.unlearning.methods.ssd import SelectiveSynapticDampening
from semlink.unlearning.methods.unsir import Unsir
from semlink.unlearning.methods.variational import Variational

METHODS: dict[str, type[Method]] = {
    "bad-teacher": BadTeacher,
    "boundary-expand": BoundaryExpand,
    "boundary-shrink": BoundaryShrink,
    "cascaded": Cascaded,
    "cf-k": CatastrophicallyForgetLast,
    "contrastive": Contrastive,
    "encoder-only": EncoderOnly,
    "eu-k": ExactlyUnlearnLast,
    "finetune": Finetune,
    "fisher-forgetting": FisherForgetting,
    "fresh-condition": FreshCondition,
    "gradient-ascent": GradientAscent,
    "hbu": Hessian,
    "influence": InfluenceStep,
    "l1-sparse": L1Sparse,
    "mnemonic": Mnemonic,
    "neggrad-plus": NegativeGradientPlus,
    "random-labels": RandomLabels,
    "retrain": Retrain,
    "salun": Salun,
    "scrub": Scrub,
    "scu": Scu,
    "scu-bounded": ScuBounded,
    "sisa": Sisa,
    "ssd": SelectiveSynapticDampening,
    "variational": Variational,
    "unsir": Unsir,
}

__all__ = [
    "METHODS",
    "BadTeacher",
    "BoundaryExpand",
    "BoundaryShrink",
    "Cascaded",
    "CatastrophicallyForgetLast",
    "Contrastive",
    "EncoderOnly",
    "ExactlyUnlearnLast",
    "Finetune",
    "FisherForgetting",
    "FreshCondition",
    "GradientAscent",
    "Hessian",
    "InfluenceStep",
    "L1Sparse",
    "Method",
    "Mnemonic",
    "NegativeGradientPlus",
    "RandomLabels",
    "Retrain",
    "Salun",
    "Scrub",
    "Scu",
    "ScuBounded",
    "SelectiveSynapticDampening",
    "Sisa",
    "Unsir",
    "Variational",
]
