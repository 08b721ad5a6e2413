"""Products are what matmul makes of the same numbers, and large ones go to oneDNN."""

import subprocess
import sys

import pytest
import torch

from autodistill.models import products
from autodistill.models.products import batched, product


@pytest.mark.parametrize("biased", ["", "biased"])
@pytest.mark.parametrize("turned", ["", "turned"])
@pytest.mark.parametrize("size", [(3, 5, 7), (1, 64, 2), (97, 129, 131), (33, 384, 1536)], ids=str)
def test_products_are_those_of_matmul(size: tuple[int, int, int], turned: str, biased: str) -> None:
    rows, inputs, outputs = size
    shapes = [(inputs, rows), (inputs, outputs)] if turned else [(rows, inputs), (outputs, inputs)]
    x, w = (torch.randn(shape).t() if turned else torch.randn(shape) for shape in shapes)
    b = torch.randn(outputs) if biased else None
    wanted = x.double() @ w.double().t() + (0 if b is None else b.double())
    found = product(x, w, b)
    assert found.is_contiguous()
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5 * inputs**0.5)


def test_a_bias_may_have_strides() -> None:
    x, w, b = torch.randn(100, 384), torch.randn(384, 384), torch.randn(768)[::2]
    exact = torch.nn.functional.linear(x.double(), w.double(), b.double())
    torch.testing.assert_close(product(x, w, b).double(), exact, rtol=1e-5, atol=2e-4)


@pytest.fixture(params=[True, False], ids=["known", "foreign"])
def bfloat16(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    """Return it on a processor that knows it, and on one that does not."""
    monkeypatch.setattr(products, "_knows_bfloat16", lambda: request.param)
    return torch.bfloat16


UNIT = 2**-8  # of bfloat16


def test_products_in_bfloat16_are_rounded_once(bfloat16: torch.dtype) -> None:
    x, w, b = (torch.randn(s, dtype=bfloat16) for s in [(65, 384), (128, 384), (128,)])
    found = product(x, w, b)
    assert found.dtype is bfloat16
    exact = torch.nn.functional.linear(*(part.double() for part in (x, w, b)))
    # Some kernels round before they add the bias.
    torch.testing.assert_close(found.double(), exact, rtol=UNIT, atol=UNIT * 4)


def test_batched_products_in_bfloat16_are_rounded_once(bfloat16: torch.dtype) -> None:
    a, b = torch.randn(6, 5, 32, dtype=bfloat16), torch.randn(6, 32, 7, dtype=bfloat16)
    out = torch.empty(6, 5, 7, dtype=bfloat16)
    assert batched(a, b, out=out) is out
    exact = torch.bmm(a.double(), b.double())
    for found in (out, batched(a, b)):
        torch.testing.assert_close(found.double(), exact, rtol=UNIT, atol=1e-3)


GROWING = """
import torch
from autodistill.models.products import product
torch.set_num_threads(1)
w = torch.randn(1536, 384)
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4 / 1024
def epoch():
    for rows in torch.randperm(400).tolist()[:120]:
        x = torch.randn(100 + rows, 384)
        product(product(x, w).t(), x.t())
epoch()
before = resident()
epoch()
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_kernels_of_other_batches_are_forgotten() -> None:
    grown = subprocess.run([sys.executable, "-c", GROWING], capture_output=True, check=True)
    assert float(grown.stdout) < 50  # MiB; with all that fit 200


@pytest.mark.parametrize(
    ("rows", "dtype", "there", "served"),
    [
        (64, torch.float32, "there", True),
        (2, torch.float32, "there", False),
        (64, torch.float64, "there", False),
        (64, torch.float32, "", False),
    ],
)
def test_large_products_in_float32_go_to_onednn(
    rows: int, dtype: torch.dtype, there: str, served: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        pytest.skip("This torch has no oneDNN.")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: bool(there))
    x, w = torch.randn(rows, 128, dtype=dtype), torch.randn(128, 128, dtype=dtype)
    with torch.profiler.profile() as seen:
        product(x, w)
    assert any(event.name.startswith("mkldnn::") for event in seen.events()) is served
