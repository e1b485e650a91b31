"""Ranges, as a pure function."""

from hypothesis import given
from hypothesis import strategies as st

from connector.dataplane import ranges
from connector.dataplane.errors import RangeUnsatisfiable
from connector.dataplane.ranges import Answered, Slice


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_selects_what_the_specification_says(size: int, first: int, last: int) -> None:
    content = bytes(range(size))
    try:
        part = ranges.requested(f"bytes={first}-{last}", size)
    except RangeUnsatisfiable:
        assert first >= size
        return
    if last < first:
        assert part is None
    else:
        assert part is not None
        assert content[part.start : part.stop] == content[first : last + 1]
        assert part.size_bytes == len(content[first : last + 1]) > 0


@given(st.integers(0, 50), st.integers(0, 60))
def test_a_suffix_selects_the_end(size: int, count: int) -> None:
    content = bytes(range(size))
    try:
        part = ranges.requested(f"bytes=-{count}", size)
    except RangeUnsatisfiable:
        assert count == 0 or size == 0
        return
    assert part is not None
    assert content[part.start : part.stop] == content[-count:]


@given(st.text(max_size=30), st.integers(0, 50))
def test_no_header_is_an_accident(header: str, size: int) -> None:
    try:
        part = ranges.requested(header, size)
    except RangeUnsatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= size


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_what_we_answer_is_what_we_read(start: int, count: int) -> None:
    header = Slice(start, start + count).content_range(start + count + 7)
    assert ranges.answered(header) == Answered(start, start + count + 7)


def test_a_refused_range_tells_the_size() -> None:
    assert ranges.answered("bytes */9") == Answered(None, 9)
    assert ranges.answered("bytes 1-2/*") == Answered(1, None)


@given(st.text(max_size=30))
def test_an_unreadable_content_range_says_nothing(header: str) -> None:
    answered = ranges.answered(header)
    assert answered is None or "bytes" in header.lower()
