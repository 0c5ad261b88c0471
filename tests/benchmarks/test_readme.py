"""The table of kernels/README.md says what the modules say."""

from __future__ import annotations

from pathlib import Path

from benchmarks import readme

AGAIN = "run: python -m benchmarks.readme"


def test_the_table_has_every_kernel_module():
    assert set(readme.written()) == set(readme.modules()), AGAIN
    assert {"bricks.py", "image.py", "plane.py", "rendering.py", "transfer.py", "window.py"} <= set(readme.written())


def test_its_columns_are_those_of_the_docstrings():
    for name, text in readme.modules().items():
        assert tuple(readme.written()[name][:4]) == readme.cells_of(name, text), AGAIN


def test_every_time_was_measured():
    timed = {name for name, cells in readme.written().items() if " ms" in cells[4]}
    assert {"bricks.py", "image.py", "plane.py", "rendering.py", "transfer.py", "window.py"} <= timed


def test_labels_of_a_docstring_are_read_to_the_next_one():
    labels = "Source: Adder 1642,\nthe first. Axes: none\nAxes: x|y\nTolerance: one bit."
    text = f"A sum.\n\n    s = a + b\n\n{labels}\n\nMore."
    assert readme.labelled(text)["Source"] == "Adder 1642, the first. Axes: none"
    assert readme.cells_of("sum.py", text) == ("`sum.py`", "A sum", "Adder 1642, the first. Axes: none", "one bit.")
    assert readme.cells_of("sum.py", "A sum.\nExact.")[2:] == ("—", "exact")


def test_a_module_is_listed_for_its_label_or_its_driver(tmp_path: Path):
    (tmp_path / "labelled.py").write_text('"""A sum.\n\nSource: Adder.\n"""\n')
    (tmp_path / "driven.py").write_text('"""A sum."""\n\n\ndef spread_cpu():\n    pass\n')
    (tmp_path / "helping.py").write_text('"""No sum."""\n')
    assert list(readme.modules(tmp_path)) == ["driven.py", "labelled.py"]


def test_a_time_says_how_near_it_is_to_the_limits_where_somebody_counted():
    assert str(readme.Timed(12.3, 0.214, 0.087)) == "12 ms (21% of the samples, 9% of the bytes)"
    assert str(readme.Timed(0.234, None, 0.5)) == "0.23 ms (50% of the bytes)"
    assert str(readme.Timed(1.26)) == "1.3 ms"


def test_what_is_written_can_be_read_again_and_leaves_the_rest(tmp_path: Path, monkeypatch):
    path = tmp_path / "README.md"
    path.write_text(f"before\n\n{readme.BEGIN}\nold\n{readme.END}\n\nafter\n", "utf-8")
    monkeypatch.setattr(readme, "README", path)
    readme.write("A note.", {"plane.py": "1 ms | 2 ms"})
    readme.main()  # the same again
    text = path.read_text("utf-8")
    assert text.startswith("before\n\n") and text.endswith("\n\nafter\n") and "\nold\n" not in text
    assert text.count("A note.") == 1
    assert readme.written()["plane.py"][4] == "1 ms | 2 ms"
    assert readme.written()["window.py"][4] == "—"
    readme.write_rows({"window.py": "3 ms"})
    assert (readme.written()["plane.py"][4], readme.written()["window.py"][4]) == ("1 ms | 2 ms", "3 ms")
    assert path.read_text("utf-8").count("A note.") == 1
