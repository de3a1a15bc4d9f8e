"""Serve a fitted estimator by FastAPI: predictions, probabilities and intervals.

    MODEL=homes.mtl uvicorn --factory serve_fastapi:from_file

The file is what `sklearn_mtl.io.save` wrote; or, with the ending ".skops", what
`skops.io.dump` wrote of {"model": pipeline, "types": X.dtypes.astype(str).to_dict()}: a
Pipeline that ends in such an estimator, and the types of the columns of X, which no
Pipeline knows. TRUSTED then lists the types of its other steps, as
`skops.io.get_untrusted_types` names them, with spaces between. The model was fitted on
data frames; cells that are null or not there are missing.
"""

import os
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import torch
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from sklearn.pipeline import Pipeline

from sklearn_mtl.io import TRUSTED_TYPES, load

MOST_ROWS = 10_000
STRINGS = "category", "object", "str", "string"


class Request(BaseModel):
    """Rows, each with its cells by name."""

    rows: list[dict[str, bool | float | str | None]] = Field(
        min_length=1, max_length=MOST_ROWS
    )
    coverage: float | None = Field(default=None, gt=0.0, lt=1.0)


def net_of(model: Any) -> Any:
    """Give the multi-task net of a model."""
    return model[-1] if isinstance(model, Pipeline) else model


def types_of(net: Any) -> dict[str, str]:
    """Tell which columns of X are dates; the net reads all others by itself."""
    encoder = net.feature_encoder_
    return {
        encoder.column_names_[position]: "datetime64" for position in encoder.dates_
    }


def table_of(
    names: list[str], types: dict[str, str], rows: list[dict[str, Any]]
) -> pd.DataFrame:
    """Put rows into a frame with the columns of the one that fit saw."""
    for row in rows:
        unknown = sorted(row.keys() - set(names))
        if unknown:
            raise ValueError(f"Column {unknown[0]!r} was not in the table of fit.")
    table = pd.DataFrame(rows, columns=names)
    for name, kind in types.items():
        if kind.startswith("datetime64"):
            table[name] = pd.to_datetime(table[name], format="ISO8601")
        elif kind in STRINGS:
            table[name] = table[name].astype(kind)
    return table


def records(table: Any) -> list[dict[str, Any]]:
    """Turn a frame or an array into one object a row; JSON has no NaN or infinity."""
    frame = pd.DataFrame(table).replace([np.inf, -np.inf], np.nan).astype(object)
    frame.columns = frame.columns.map(str)
    return frame.where(frame.notna(), None).to_dict("records")


def answer(model: Any, types: dict[str, str], request: Request) -> dict[str, Any]:
    """Predict rows, with bounds of numbers where a coverage is asked for."""
    net = net_of(model)
    X = table_of(list(model.feature_names_in_), types, request.rows)
    if isinstance(model, Pipeline):
        X = model[:-1].transform(X)
    found: dict[str, Any] = {"predictions": records(net.predict(X))}
    if any(task.is_classifier for task in net.tasks_):
        of_columns = net.predict_proba(X)
        of_columns = of_columns if isinstance(of_columns, list) else [of_columns]
        found["probabilities"] = {
            str(task.name_): records(pd.DataFrame(p, columns=task.classes_.tolist()))
            for task, p in zip(net.tasks_, of_columns, strict=True)
            if p is not None
        }
    if request.coverage is not None:
        # All members are asked, so that bounds lie around what is predicted.
        lower, upper = net.predict_interval(X, request.coverage, method="cv+")
        found |= {"lower": records(lower), "upper": records(upper)}
    return found


def create_app(model: Any, types: dict[str, str] | None = None) -> FastAPI:
    """Make the service of a fitted estimator, or of a Pipeline that ends in one.

    A Pipeline needs the types of the columns of X.
    """
    net = net_of(model)
    types = types_of(net) if types is None else types
    torch.set_num_threads(1)  # requests run side by side, not their products
    blank = Request(rows=[{}], coverage=None)
    with suppress(ValueError, TypeError):  # of steps that read no gaps
        answer(
            model, types, blank
        )  # warm up: the first rows take several times as long
    app = FastAPI(title=type(net).__name__)

    # Without async: each request has a thread, in which it may compute.
    @app.post("/predict")
    def predict(request: Request) -> dict[str, Any]:
        try:
            return answer(model, types, request)
        except (ValueError, TypeError) as error:
            raise HTTPException(status_code=422, detail=str(error)) from error

    @app.get("/columns")
    def columns() -> dict[str, Any]:
        kinds = {str(task.name_): task.kind for task in net.tasks_}
        return {"X": [str(name) for name in model.feature_names_in_], "y": kinds}

    return app


def from_file() -> FastAPI:
    """Make the service of the file that the environment names."""
    path = os.environ["MODEL"]
    if not path.endswith(".skops"):
        return create_app(load(path))
    import skops.io

    trusted = [*TRUSTED_TYPES, *os.environ.get("TRUSTED", "").split()]
    return create_app(**skops.io.load(path, trusted=trusted))
