"""Ways to make a codec forget, by the name that the command line takes."""

from typing import TYPE_CHECKING

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.unlearning.contract import Method

METHODS: "Registry[type[Method]]" = Registry(
    "method",
    {
        "bad-teacher": "semlink.unlearning.methods.baselines.bad_teacher:BadTeacher",
        "boundary-expand": "semlink.unlearning.methods.baselines.boundary_expand:BoundaryExpand",
        "boundary-shrink": "semlink.unlearning.methods.baselines.boundary_shrink:BoundaryShrink",
        "cascaded": "semlink.unlearning.methods.cascaded.cascaded:Cascaded",
        "cf-k": "semlink.unlearning.methods.baselines.last_layers:CatastrophicallyForgetLast",
        "contrastive": "semlink.unlearning.methods.contrastive.contrastive:Contrastive",
        "encoder-only": "semlink.unlearning.methods.baselines.encoder_only:EncoderOnly",
        "eu-k": "semlink.unlearning.methods.baselines.last_layers:ExactlyUnlearnLast",
        "finetune": "semlink.unlearning.methods.baselines.finetune:Finetune",
        "fisher-forgetting": "semlink.unlearning.methods.baselines.fisher_forgetting:FisherForgetting",
        "fresh-condition": "semlink.unlearning.methods.baselines.fresh_condition:FreshCondition",
        "gradient-ascent": "semlink.unlearning.methods.baselines.gradient_ascent:GradientAscent",
        "hbu": "semlink.unlearning.methods.baselines.hbu:HessianUnlearning",
        "influence": "semlink.unlearning.methods.baselines.influence:Influence",
        "l1-sparse": "semlink.unlearning.methods.baselines.l1_sparse:L1Sparse",
        "mnemonic": "semlink.unlearning.methods.mnemonic.mnemonic:Mnemonic",
        "neggrad-plus": "semlink.unlearning.methods.baselines.negative_gradient_plus:NegativeGradientPlus",
        "random-labels": "semlink.unlearning.methods.baselines.random_labels:RandomLabels",
        "retrain": "semlink.unlearning.methods.baselines.retrain:Retrain",
        "salun": "semlink.unlearning.methods.baselines.salun:Salun",
        "scrub": "semlink.unlearning.methods.baselines.scrub:Scrub",
        "scu": "semlink.unlearning.methods.scu.scu:Scu",
        "scu-bounded": "semlink.unlearning.methods.scu.bounded:ScuBounded",
        "sisa": "semlink.unlearning.methods.baselines.sisa:Sisa",
        "ssd": "semlink.unlearning.methods.baselines.ssd:SelectiveSynapticDampening",
        "variational": "semlink.unlearning.methods.baselines.variational:Variational",
        "unsir": "semlink.unlearning.methods.baselines.unsir:Unsir",
    },
    contract="semlink.unlearning.contract:Method",
)
