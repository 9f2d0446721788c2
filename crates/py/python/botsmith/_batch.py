"""Batches of any kind: their columns as lists, and the same batch with more columns. Nothing is imported that is
not there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast


def _kind(batch: Any) -> str:
    if isinstance(batch, Mapping):
        return "mapping"
    kind = type(batch).__module__.partition(".")[0]
    if kind in ("pandas", "polars", "pyarrow") and hasattr(batch, "columns"):
        return kind
    raise TypeError(
        "a batch is a mapping of columns, or a data frame of pandas, polars or pyarrow; "
        f"{type(batch).__name__} is none of them"
    )


def names(batch: Any) -> list[str]:
    """The names of its columns."""
    kind = _kind(batch)
    if kind == "mapping":
        return list(batch)
    return list(batch.column_names if kind == "pyarrow" else batch.columns)


def column(batch: Any, name: str) -> list[Any]:
    """A column as a list of plain values; what is missing is ``None``."""
    there = names(batch)
    if name not in there:
        raise KeyError(f"no column {name!r} in the batch; there are {there}")
    found = batch[name]
    for method in ("to_pylist", "to_list", "tolist"):
        plain = getattr(found, method, None)
        if callable(plain):
            found = plain()
            break
    return [None if _missing(value) else value for value in cast("list[Any]", found)]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")


def length(batch: Any) -> int:
    """The number of rows."""
    first = next(iter(names(batch)), None)
    return 0 if first is None else len(batch[first])


def rows(batch: Any) -> Iterator[dict[str, Any]]:
    """The rows; what is missing is left out."""
    there = names(batch)
    for values in zip(*(column(batch, name) for name in there), strict=True):
        yield {name: value for name, value in zip(there, values, strict=True) if value is not None}


def with_columns(batch: Any, more: Mapping[str, list[Any]]) -> Any:
    """The same batch with more columns; those of the same name are replaced."""
    kind = _kind(batch)
    if kind == "pandas":
        import pandas

        # Lists stay lists, and what is missing stays None: no column is made of another.
        series = {
            name: pandas.Series(_objects(values), index=batch.index).infer_objects() for name, values in more.items()
        }
        return batch.assign(**series)
    if kind == "polars":
        import polars

        return batch.with_columns([polars.Series(name, values, strict=False) for name, values in more.items()])
    if kind == "pyarrow":
        import pyarrow

        arrow = cast("Any", pyarrow)
        for name, values in more.items():
            at = batch.schema.get_field_index(name)
            made = arrow.array(values)
            batch = batch.append_column(name, made) if at < 0 else batch.set_column(at, name, made)
        return batch
    arrays = any(type(value).__module__ == "numpy" for value in batch.values())
    return {**batch, **({name: _array(values) for name, values in more.items()} if arrays else more)}


def _objects(values: list[Any]) -> Any:
    import numpy

    made = numpy.empty(len(values), dtype=object)
    made[:] = values
    return made


def _array(values: list[Any]) -> Any:
    """A NumPy array: of numbers or truth values where all are, else of objects."""
    import numpy

    if values and all(isinstance(value, bool) for value in values):
        return numpy.array(values)
    if any(value is not None for value in values) and all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return numpy.array([numpy.nan if value is None else value for value in values], dtype=float)
    return _objects(values)
