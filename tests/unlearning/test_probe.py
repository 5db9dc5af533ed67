import numpy as np
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.audits.separation import area_under_curve
from semlink.channels import build_channel
from semlink.simulator.sources.contract import Record
from semlink.simulator.training import *
def noise(name,count,seed):
    px=np.random.default_rng(seed).integers(0,256,size=(count,6,6),dtype=np.uint8)
    return [Record(f"{name}-{i}",p,"t") for i,p in enumerate(px)]
def test_p(fresh_toy):
    ch=build_channel("awgn")
    c=fresh_toy(False,seed=1)
    train(c, noise("r",30,1), noise("v",5,2), ch, TrainingSettings(steps=500, batch=30, learning_rate=1e-2, snr_db=15.0, validate=500),0)
    big=-record_losses(c,noise("f",9000,99),ch,10.0,8,0,"forget")
    ts=-record_losses(c,noise("t",46000,98),ch,10.0,8,0,"test")
    i=[area_under_curve(big[k*30:k*30+30],ts[k*150:k*150+150]) for k in range(300)]
    a=np.array([x.value for x in i]); print("mean",a.mean(),"sd",a.std(),"cover",np.mean([x.low<.5<x.high for x in i]), a.min(), a.max())
    for s in (0,3): print(s, (-record_losses(c,noise("f",30,s),ch,10.0,8,0,"forget")).mean(), big.mean(), big.std())
