"""Data in and out: pandas, polars, pyarrow and plain lists, none of which is imported before it is there.

Rows come as a path, a list of mappings, any iterator of them, a mapping of columns, a data frame, or
anything with ``__arrow_c_stream__``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast


def rows(dataset: Any) -> Iterator[dict[str, Any]]:
    """The rows of a dataset, one after the other."""
    if isinstance(dataset, str | os.PathLike):
        raise TypeError("a path is no list of rows")
    if isinstance(dataset, Mapping):
        columns = cast("Mapping[str, Iterable[Any]]", dataset)
        return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    module = type(dataset).__module__.partition(".")[0]
    if module in ("pandas", "polars", "pyarrow") and not hasattr(type(dataset), "columns"):
        # One column alone, as a Series or an array: each value is a row, or the text of a question.
        values = getattr(dataset, "to_pylist", None) or getattr(dataset, "to_list", None)
        if callable(values):
            return map(_row, cast("Iterable[Any]", values()))
    if module == "pandas" and hasattr(dataset, "to_dict"):
        return iter(dataset.to_dict("records"))
    if module == "polars" and hasattr(dataset, "collect"):
        dataset = dataset.collect()
    if module == "polars" and hasattr(dataset, "iter_rows"):
        return iter(dataset.iter_rows(named=True))
    if module == "pyarrow" and hasattr(dataset, "to_pylist"):
        return iter(dataset.to_pylist())
    if hasattr(dataset, "__arrow_c_stream__"):
        return _of_arrow(dataset)
    if isinstance(dataset, Iterable):
        return map(_row, cast("Iterable[Any]", dataset))
    raise TypeError(
        f"a dataset is a path, rows, columns or a data frame; {type(dataset).__name__} is none of them"
    )


def _row(row: Any) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return dict(cast("Mapping[str, Any]", row))
    if isinstance(row, str):
        return {"input": row}
    if dataclasses.is_dataclass(row) and not isinstance(row, type):
        return dataclasses.asdict(row)
    dump = getattr(row, "model_dump", None)
    if callable(dump):
        return cast("dict[str, Any]", dump())
    raise TypeError(f"a row is a mapping or the text of a question, not {type(row).__name__}")


def _of_arrow(stream: Any) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow
    except ImportError:
        try:
            import polars
        except ImportError:
            raise TypeError("data in Arrow needs pyarrow or polars to be read") from None
        return iter(cast("Any", polars.DataFrame(stream)).iter_rows(named=True))
    return iter(cast("Any", pyarrow).table(stream).to_pylist())


def write_rows(dataset: Any, path: Path) -> int:
    """Writes rows as JSONL, and says how many."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for row in rows(dataset):
            try:
                text = json.dumps(_plain(row), ensure_ascii=False, allow_nan=False)
                text.encode()
            except UnicodeEncodeError:
                raise ValueError(f"row {count}: a lone surrogate is no text") from None
            out.write(text)
            out.write("\n")
            count += 1
    return count


def _plain(value: Any) -> Any:
    """A value as JSON has it: what is missing in a data frame is null, dates are texts."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return {str(key): _plain(item) for key, item in mapping.items() if not _missing(item)}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    for name in ("tolist", "isoformat"):
        method = getattr(value, name, None)
        if callable(method):
            return _plain(method())
    return str(value)


def _missing(value: Any) -> bool:
    """Whether a cell of a data frame is empty: such a field is not there."""
    kind = type(value).__name__
    return (isinstance(value, float) and math.isnan(value)) or kind in ("NAType", "NaTType")
