"""The arithmetic of waiting."""

import pytest

from connector.store.backoff import failure_delay_s, peer_delay_s, rerun_delay_s


@pytest.mark.parametrize(
    ("failures", "silent_for_s", "delay_s"),
    [
        (1, 0.0, 0.5),
        (2, 0.5, 1.0),
        (3, 1.5, 2.0),
        (4, 3.5, 4.0),
        (5, 7.5, 8.0),
        (6, 15.5, 15.0),
        (45, 599.9, 15.0),
        (46, 600.0, 60.0),
        (95, 3599.9, 60.0),
        (96, 3600.0, 300.0),
        (5000, 7 * 86400.0, 300.0),
        (2, 4000.0, 1.0),
    ],
)
def test_a_silent_peer_is_tried_often_while_its_silence_is_young(failures, silent_for_s, delay_s):
    assert peer_delay_s(failures, silent_for_s) == delay_s


@pytest.mark.parametrize(("attempts", "delay_s"), [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (500, 300)])
def test_a_failing_job_waits_twice_as_long_each_time(attempts, delay_s):
    assert failure_delay_s(attempts) == delay_s


def test_units_that_met_are_spread_and_soon():
    assert rerun_delay_s(0, 0.0) < rerun_delay_s(0, 0.9) < rerun_delay_s(3, 0.0) <= 0.5
    assert rerun_delay_s(100, 0.99) < 0.5
