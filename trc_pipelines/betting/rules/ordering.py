"""The order of bets: by user, settlement, creation and id, however they come."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]


def order_bets(user: Ints, settled: Ints, created: Ints, bet_id: pd.Series) -> Ints:
    """Positions of the bets by user, settlement, creation and id."""
    keys = pd.DataFrame({"user": user, "settled": settled, "created": created})
    tied = keys.duplicated(keep=False).to_numpy()
    # Ids are compared only where everything else is equal: comparing text is the costly part.
    tie_break = np.zeros(len(keys), dtype="int64")
    tie_break[tied] = bet_id[tied].rank(method="dense").to_numpy(dtype="int64")
    return np.lexsort((tie_break, created, settled, user))
