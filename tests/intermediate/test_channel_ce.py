from __future__ import annotations

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from autodistill.activations import Activation
from autodistill.intermediate.channel_ce import ChannelCE
from autodistill.mappings.last import Last
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import built, seen, value

COMPONENT = ChannelCE(mapping=Last())


def test_it_is_the_cross_entropy_of_softmaxes_over_channels() -> None:
    states = seen(COMPONENT, FACTS)
    expected = np.zeros(len(states.mask_BT))
    for t, s in ((3, 1), (4, 2)):
        student_BTE = states.student.states[Activation("hidden", s)].double().numpy()
        teacher_BTE = states.teacher.states[Activation("hidden", t)].double().numpy()
        apart_BT = -(softmax(teacher_BTE, axis=-1) * log_softmax(student_BTE, axis=-1)).sum(axis=-1)
        mask_BT = states.mask_BT.numpy()
        expected += (apart_BT * mask_BT).sum(axis=1) / mask_BT.sum(axis=1)
    np.testing.assert_allclose(value(built(COMPONENT, FACTS), states), expected, rtol=1e-5)


def test_at_agreement_it_is_the_teachers_entropy() -> None:
    states_BTE = torch.randn(4, 3, 8, generator=torch.Generator().manual_seed(0))
    expected = entropy(softmax(states_BTE.numpy(), axis=-1), axis=-1)
    np.testing.assert_allclose(COMPONENT.distance(states_BTE, states_BTE), expected, rtol=1e-5)
