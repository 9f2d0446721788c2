"""The plugin for pytest, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
version: 1
dataset:
  - {id: sum, input: 2 + 2?, reference: "4", said: "It is 4."}
  - {id: product, input: 2 * 3?, reference: "6", said: "It is 7."}
bots: [{name: adder, recorded: {answer: /said}}]
evaluators: [number-equals]
gate: [{metric: number-equals, pass-rate: {min: 0.9}}]
"""


def test_a_suite_is_collected_as_tests(pytester: pytest.Pytester) -> None:
    pytester.makefile(".suite.yaml", numbers=SUITE)
    found = pytester.runpytest_subprocess("--botsmith", "-q", "-p", "no:cacheprovider")
    found.assert_outcomes(passed=1, failed=2)
    found.stdout.fnmatch_lines(["*asked: 2 * 3?*", "*answer: It is 7.*", "*number-equals 0*", "*wanted at least 90.0 %, observed 0.5*"])
    none = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    none.assert_outcomes()


def test_a_suite_that_is_named_is_collected(pytester: pytest.Pytester) -> None:
    path = pytester.makefile(".yaml", any_name=SUITE)
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(passed=1, failed=2)


def test_the_fixture_fails_where_an_answer_does_not_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        def bot(question):
            return "It is 4."

        def test_right(assert_passes):
            answer = assert_passes({"input": "2 + 2?", "reference": "4"}, bot, ["number-equals"])
            assert answer.text == "It is 4."

        def test_wrong(assert_passes):
            assert_passes({"input": "2 + 3?", "reference": "5"}, bot, ["number-equals"])

        def test_of_an_answer(assert_passes):
            assert_passes({"input": "?", "reference": "yes"}, answer="Yes!", evaluators="exact-match")

        def test_neither(assert_passes):
            with pytest.raises(TypeError, match="a bot or an answer"):
                assert_passes("?")
    """)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    found.assert_outcomes(passed=3, failed=1)
    found.stdout.fnmatch_lines(["*answer: It is 4.*"])


def test_a_wrong_suite_is_an_error_with_its_place(pytester: pytest.Pytester) -> None:
    path = pytester.makefile(".yaml", wrong="version: 1\ndataset: [\n")
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(errors=1)
    assert "wrong.yaml:" in found.stdout.str()
    assert Path(path).exists()


def test_the_fixture_wants_somebody_who_decides_and_looks_at_the_gate(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("evaluators", [["words"], [lambda answer: 0.0], [lambda answer: None]], ids=str)
        def test_nobody(assert_passes, evaluators):
            with pytest.raises(AssertionError, match="no evaluator decides"):
                assert_passes("?", answer="two words", evaluators=evaluators)

        def test_a_gate_decides(assert_passes):
            gate = [{"metric": "words", "mean": {"min": 2}}]
            assert_passes("?", answer="two words", evaluators=["words"], gate=gate)

        def test_a_gate_that_fails(assert_passes):
            gate = [{"metric": "words", "mean": {"min": 3}}]
            with pytest.raises(AssertionError, match="gate .*wanted at least 3"):
                assert_passes("?", answer="two words", evaluators=["words"], gate=gate)

        def test_beside_one_that_decides(assert_passes):
            assert_passes("?", answer="two words", evaluators=["words", lambda answer: True])

        def test_one_that_breaks(assert_passes):
            with pytest.raises(AssertionError, match="broke: ZeroDivisionError"):
                assert_passes("?", answer="x", evaluators=[lambda answer: 1 / 0])
    """)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    found.assert_outcomes(passed=7)


def test_only_cases_that_a_metric_decides_are_tests(pytester: pytest.Pytester) -> None:
    lines = SUITE.splitlines()
    measured = "\n".join(lines[:-2]) + "\nevaluators: [words]\n"
    path = pytester.makefile(".yaml", measured=measured)
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(errors=1)
    assert "no evaluator decides" in found.stdout.str()
    path = pytester.makefile(".yaml", gated=measured + "gate: [{metric: words, mean: {min: 1}}]\n")
    found = pytester.runpytest_subprocess(str(path), "-p", "no:cacheprovider")
    found.assert_outcomes(passed=1)


def test_each_case_is_a_test_that_can_be_run_alone(pytester: pytest.Pytester) -> None:
    long = "x" * 60
    names = ["a::b", "a:b", f"{long}1", f"{long}2", "line\\nbreak", "deep::er [odd]"]
    rows = "\n".join(f'  - {{id: "{name}", input: q, reference: r, said: r}}' for name in names)
    suite = f"version: 1\ndataset:\n{rows}\nbots: [{{name: one, recorded: {{answer: /said}}}}]\nevaluators: [equals]\n"
    path = pytester.makefile(".yaml", many=suite)
    found = pytester.runpytest_subprocess(str(path), "--collect-only", "-q", "-p", "no:cacheprovider")
    ids = [line for line in found.outlines if line.startswith("many.yaml::")]
    assert len(set(ids)) == len(names), ids
    assert "many.yaml::a:b[one]" in ids and "many.yaml::a:b[one]~2" in ids and f"many.yaml::{long}2[one]" in ids
    again = pytester.runpytest_subprocess("many.yaml::a:b[one]~2", "-p", "no:cacheprovider")
    again.assert_outcomes(passed=1)
    again = pytester.runpytest_subprocess(*ids, "-p", "no:cacheprovider")
    again.assert_outcomes(passed=len(names))
