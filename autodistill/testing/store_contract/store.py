"""All promises in one class."""

from __future__ import annotations

from autodistill.testing.store_contract.concurrency import (
    ConcurrencyContract,
    EconomyContract,
)
from autodistill.testing.store_contract.endings import EndingContract, EventContract
from autodistill.testing.store_contract.jobs import JobContract
from autodistill.testing.store_contract.leases import LeaseContract
from autodistill.testing.store_contract.loans import LoanContract
from autodistill.testing.store_contract.registry import RegistryContract
from autodistill.testing.store_contract.renewals import RenewalContract, ShareContract
from autodistill.testing.store_contract.replies import (
    HistoryContract,
    IdempotencyContract,
)
from autodistill.testing.store_contract.trials import TrialContract


class StoreContract(
    RegistryContract,
    JobContract,
    LeaseContract,
    LoanContract,
    TrialContract,
    RenewalContract,
    ShareContract,
    EndingContract,
    EventContract,
    HistoryContract,
    IdempotencyContract,
    ConcurrencyContract,
    EconomyContract,
):
    """Holds of every store; inherit and give the fixture `store`: an empty store, migrated."""
