"""One transformer layer of the BERT family on packed tokens, forward and backward.

Letters: B examples, T tokens, S real tokens of the batch, H heads, K width of a head, D width, F
inner width, R tokens whose states are asked for: all S, or each example's first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.models.packing import Packing
from autodistill.models.products import batched, product

DRAWS = 2**16
"""Dropout is decided by 16 random bits: any rate is met to within 1e-5."""
LANES = 4
"""Such draws in one 64-bit random number."""


@dataclass(frozen=True)
class How:
    """What a layer computes besides its weights."""

    packing: Packing
    dtype: torch.dtype
    """Of matrix products and what they read; sums, norms, states and weights keep their own."""
    attention_dropout: float
    hidden_dropout: float
    epsilon: float
    """Of the layer normalisations."""
    first_only: bool
    """Whether only each example's first token's state is asked for."""
    projected: bool = False
    """Whether queries, keys and values are asked for too, (S, 3 H K) side by side; not with
    `first_only`, which has no query of most tokens."""


class Layer(torch.autograd.Function):
    """Post-norm transformer layer (Devlin et al., 2019): states (S, D) to states (R, D).

    Where they are asked for, its queries, keys and values follow, (S, 3 H K).
    """

    @staticmethod
    @override
    def forward(ctx: Any, how: How, x_SD: torch.Tensor, *weights: torch.Tensor) -> Any:
        wq, bq, wk, bk, wv, bv, wo, bo, g1, c1, w1, b1, w2, b2, g2, c2 = weights
        packing, D = how.packing, x_SD.shape[1]
        B, T = packing.size
        K = wq.shape[0] // packing.heads
        # The scale of the scores goes into the query's weights.
        scale = K**-0.5
        w_qkv = torch.cat([wq * scale, wk, wv]).to(how.dtype)
        b_qkv = torch.cat([bq * scale, bk, bv]).to(how.dtype)
        wo_, w1_, w2_ = (w.to(how.dtype) for w in (wo, w1, w2))
        x_, E = x_SD.to(how.dtype), len(wq)
        inside: tuple[torch.Tensor, ...] = ()
        if how.first_only:
            x_RD = x_SD.index_select(0, packing.firsts)
            xr_ = x_RD.to(how.dtype)
            q = product(xr_, w_qkv[:E], b_qkv[:E]).view(B * packing.heads, 1, K)
            k, v = packing.split(product(x_, w_qkv[E:], b_qkv[E:]), 2)
        else:
            x_RD, xr_ = x_SD, x_
            qkv = product(x_, w_qkv, b_qkv)
            q, k, v = packing.split(qkv, 3)
            if how.projected:
                whole = qkv.to(x_SD.dtype)
                inside = (torch.cat([whole[:, :E] / scale, whole[:, E:]], dim=1),)
        scores = batched(q, k.transpose(1, 2))
        if not packing.full:
            scores.view(B, packing.heads, -1, T).add_(packing.bias)
        p = torch.softmax(scores, dim=-1)
        m_p = dropout_mask(p, how.attention_dropout)
        pd = p if m_p is None else p * m_p
        context = batched(pd, v)
        context_RE = context.view(B, -1) if how.first_only else packing.merged(context[None])
        a = product(context_RE, wo_, bo.to(how.dtype)).to(x_SD.dtype)
        m_a = dropout_mask(a, how.hidden_dropout)
        r1 = (a if m_a is None else a.mul_(m_a)).add_(x_RD)
        h1, mean1, rstd1 = torch.native_layer_norm(r1, [D], g1, c1, how.epsilon)
        h1_ = h1.to(how.dtype)
        f = product(h1_, w1_, b1.to(how.dtype))
        g = torch.nn.functional.gelu(f)
        o = product(g, w2_, b2.to(how.dtype)).to(x_SD.dtype)
        m_o = dropout_mask(o, how.hidden_dropout)
        r2 = (o if m_o is None else o.mul_(m_o)).add_(h1)
        y, mean2, rstd2 = torch.native_layer_norm(r2, [D], g2, c2, how.epsilon)
        ctx.how = how
        ctx.save_for_backward(
            *(x_, xr_, w_qkv, wo_, w1_, w2_, g1, c1, g2, c2),
            *(q, k, v, p, m_p, pd, context_RE, m_a, r1, mean1, rstd1),
            *(h1_, f, g, m_o, r2, mean2, rstd2),
        )
        return (y, *inside) if inside else y

    @staticmethod
    @override
    def backward(ctx: Any, dy: torch.Tensor, *projected: torch.Tensor) -> Any:
        if torch.is_grad_enabled():  # `once_differentiable` would let the second one be wrong
            message = "A packed layer is differentiated once; got create_graph, run it unpacked."
            raise RuntimeError(message)
        x_, xr_, w_qkv, wo_, w1_, w2_, g1, c1, g2, c2, *rest = ctx.saved_tensors
        q, k, v, p, m_p, pd, context_RE, m_a, r1, mean1, rstd1, *rest = rest
        h1_, f, g, m_o, r2, mean2, rstd2 = rest
        how: How = ctx.how
        packing, D = how.packing, dy.shape[1]
        E, scale = len(w_qkv) // 3, q.shape[-1] ** -0.5
        norm_backward = torch.ops.aten.native_layer_norm_backward
        every = [True, True, True]
        dr2, dg2, dc2 = norm_backward(dy.contiguous(), r2, [D], mean2, rstd2, g2, c2, every)
        do = (dr2 if m_o is None else dr2 * m_o).to(how.dtype)
        dw2, db2 = product(do.t(), g.t()), do.sum(dim=0, dtype=dy.dtype)
        df = torch.ops.aten.gelu_backward(product(do, w2_.t()), f)
        dw1, db1 = product(df.t(), h1_.t()), df.sum(dim=0, dtype=dy.dtype)
        dh1 = _added(dr2, df, w1_)
        dr1, dg1, dc1 = norm_backward(dh1, r1, [D], mean1, rstd1, g1, c1, every)
        da = (dr1 if m_a is None else dr1 * m_a).to(how.dtype)
        dwo, dbo = product(da.t(), context_RE.t()), da.sum(dim=0, dtype=dy.dtype)
        dcontext = product(da, wo_.t())
        d_heads = dcontext.view(q.shape) if how.first_only else packing.split_gradient(dcontext)
        d_qkv = q.new_empty(3, *k.shape)
        batched(pd.transpose(1, 2), d_heads, out=d_qkv[2])
        dp = batched(d_heads, v.transpose(1, 2))
        if m_p is not None:
            dp.mul_(m_p)
        ds = torch.ops.aten._softmax_backward_data(dp, p, -1, p.dtype)
        batched(ds.transpose(1, 2), q, out=d_qkv[1])
        if how.first_only:
            dq = batched(ds, k).view(len(dy), E)
            dkv = packing.merged(d_qkv[1:])
            dw_qkv = torch.cat([product(dq.t(), xr_.t()), product(dkv.t(), x_.t())])
            db_qkv = torch.cat([x.sum(dim=0, dtype=dy.dtype) for x in (dq, dkv)])
            dx = product(dkv, w_qkv[E:].t()).to(dy.dtype)
            dx.index_add_(0, packing.firsts, _added(dr1, dq, w_qkv[:E]))
        else:
            batched(ds, k, out=d_qkv[0])
            dqkv = packing.merged(d_qkv)
            for also in projected:
                dqkv[:, :E].add_(also[:, :E], alpha=1 / scale)
                dqkv[:, E:].add_(also[:, E:])
            dw_qkv, db_qkv = product(dqkv.t(), x_.t()), dqkv.sum(dim=0, dtype=dy.dtype)
            dx = _added(dr1, dqkv, w_qkv)
        dwq, dwk, dwv = dw_qkv.to(dy.dtype).chunk(3)
        dbq, dbk, dbv = db_qkv.chunk(3)
        attention = (dwq * scale, dbq * scale, dwk, dbk, dwv, dbv, dwo.to(dy.dtype), dbo, dg1, dc1)
        return None, dx, *attention, dw1.to(dy.dtype), db1, dw2.to(dy.dtype), db2, dg2, dc2


def _added(x: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return x + left @ right in the precision of x, which is used up."""
    return x.add_(product(left, right.t()).to(x.dtype))


def dropout_mask(like: torch.Tensor, rate: float) -> torch.Tensor | None:
    """Return 0 with a probability of `rate` and 1 / (1 - rate) elsewhere; None where all stays.

    Drawn from torch's global generator, 16 bits for each number.
    """
    if not rate:
        return None
    least = round(rate * DRAWS)
    count = -(-like.numel() // LANES)
    bits = torch.empty(count, dtype=torch.int64, device=like.device)
    bits.random_(torch.iinfo(torch.int64).min, None)
    drawn = bits.view(torch.int16)[: like.numel()].view(like.shape)
    keep = drawn >= least - DRAWS // 2
    return keep.to(like.dtype).mul_(DRAWS / (DRAWS - least))
