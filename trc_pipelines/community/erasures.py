"""Who was erased: known by digests alone, so that nothing of them is stored again."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.community.rules.identities import are_erased
from trc_pipelines.database.connection import Transaction


def find_erased(transaction: Transaction, people: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which of the people were erased.

    Args:
        people: member_id and discord_id, or one of the two.
    """
    return are_erased(people, transaction.read("community/select_erasures"))
