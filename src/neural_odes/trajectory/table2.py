"""Errors of ours beside Table 2 of Chen et al., as figures show them."""

import pandas as pd

from neural_odes.verdicts.published import TABLE_2


def beside_published(errors: pd.DataFrame) -> pd.DataFrame:
    """The rows of an ``errors.csv`` (see ``results.write_errors``) and those of the table, which ``source`` tells apart."""
    published = [
        {"source": "published", "model": model, "where": "extrapolation", "observations": int(number), "rmse": rmse}
        for model, values in TABLE_2.items()
        for number, rmse in values.items()
    ]
    return pd.DataFrame([*published, *errors.assign(source="ours").to_dict("records")])
