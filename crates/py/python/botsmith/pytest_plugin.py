"""A plugin for pytest: the fixture ``assert_passes``, and suites collected as tests.

A suite is collected where ``--botsmith`` is given and its file matches ``*.suite.yaml`` or
``*.suite.yml``, or where it is named on the command line. Each case of each bot that some metric decides is
a test, and so is each rule of the gate. Judging happens once a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

_ENDINGS = (".suite.yaml", ".suite.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Our flags."""
    group = parser.getgroup("botsmith")
    group.addoption("--botsmith", action="store_true", help="collect *.suite.yaml files as tests")
    group.addoption("--botsmith-store", default="memory:", help="where runs are kept [default: memory:]")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suites."""
    config = parent.config
    named = any(_same(argument, file_path, config.invocation_params.dir) for argument in config.args)
    suite = file_path.name.endswith(_ENDINGS)
    yaml = file_path.suffix in (".yaml", ".yml")
    if (config.getoption("--botsmith") and suite) or (named and yaml):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


def _same(argument: str, path: Path, folder: Path) -> bool:
    return os.path.normpath(folder / argument.partition("::")[0]) == str(path)


class SuiteFile(pytest.File):
    """A suite: a test a case and bot, and one a rule of the gate."""

    def collect(self) -> Iterator[pytest.Item]:
        """Judges the suite."""
        from ._eval import evaluate

        run = evaluate(self.path, store=self.config.getoption("--botsmith-store"), progress=False)
        for case in run:
            for answer in case.answers:
                again = f"#{answer.repeat}" if answer.repeat > 1 else ""
                name = f"{case.id[:40]}[{answer.bot}{again}]"
                yield CaseItem.from_parent(self, name=name, case=case, answer=answer)
        for rule in run.gate:
            yield GateItem.from_parent(self, name=f"gate[{rule['rule']}]", rule=rule)


class _Item(pytest.Item):
    """A test that says what is wrong in words, without a traceback of ours."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The words alone."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, None, self.name


class CaseItem(_Item):
    """One answer: passes where every metric that decides says so."""

    def __init__(self, *, case: Any, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case, self.answer = case, answer

    def runtest(self) -> None:
        """Looks at the verdicts."""
        _check(self.case.input, self.answer)


class GateItem(_Item):
    """One rule of the gate."""

    def __init__(self, *, rule: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule = rule

    def runtest(self) -> None:
        """Looks at what was observed."""
        if not self.rule["passed"]:
            raise AssertionError(f"wanted {self.rule['wanted']}, observed {self.rule['observed']}")


def _check(question: str, answer: Any) -> None:
    wrong: list[str] = []
    if answer.outcome != "answered":
        wrong.append(f"{answer.outcome}: {answer.error}")
    for name, verdict in answer.scores.items():
        if verdict.error is not None:
            wrong.append(f"{name} broke: {verdict.error}")
        elif verdict.passed is False:
            why = f": {verdict.explanation}" if verdict.explanation else ""
            wrong.append(f"{name} {verdict.value:.3g}{why}")
    if wrong:
        lines = [f"asked: {question[:400]}", f"answer: {answer.text[:400]}", *wrong]
        raise AssertionError("\n".join(lines))


def _assert_passes(
    case: Mapping[str, Any] | str,
    bot: Any = None,
    evaluators: Sequence[Any] | str | Mapping[str, Any] = ("exact-match",),
    *,
    answer: str | None = None,
    **options: Any,
) -> Any:
    """Judges one case and fails where the answer does not pass.

    Parameters
    ----------
    case : mapping or str
        A row of a dataset, or the text of a question.
    bot
        Whatever :func:`botsmith.evaluate` takes for one.
    evaluators
        Likewise.
    answer : str, optional
        The answer, in place of a bot.
    **options
        For :func:`botsmith.evaluate`.

    Returns
    -------
    Answer
        The answer with its scores.
    """
    __tracebackhide__ = True
    from ._eval import evaluate

    if (bot is None) == (answer is None):
        raise TypeError("assert_passes wants a bot or an answer")
    row = {"input": case} if isinstance(case, str) else dict(case)
    asked = bot if answer is None else (lambda _: answer)
    run = evaluate(bots=asked, dataset=[row], evaluators=evaluators, progress=False, **options)
    (found,) = run
    for judged in found.answers:
        _check(found.input, judged)
    return found.answers[0]


@pytest.fixture
def assert_passes() -> Callable[..., Any]:
    """Judges one case and fails the test where the answer does not pass.

    ``assert_passes({"input": "2 + 2?", "reference": "4"}, bot, ["number-equals"])``
    """
    return _assert_passes
