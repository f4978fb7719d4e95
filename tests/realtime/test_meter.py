import pytest

from animirror.realtime.meter import Meter


def test_a_meter_knows_spread_and_rate() -> None:
    meter = Meter()
    assert (meter.rate(), meter.spread().median) == (0.0, 0.0)
    for index in range(101):
        meter.add(index / 1000.0, now=index / 50.0)
    assert meter.count == 101
    assert meter.rate() == meter.rate(10) == 50.0
    assert (meter.spread().median, meter.spread().p95) == (50.0, 95.0)
    assert meter.spread(11).median == 95.0


def test_a_meter_keeps_the_last_ones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animirror.realtime.meter.KEPT", 10)
    meter = Meter()
    for index in range(25):
        meter.add(index / 1000.0, now=index / 10.0)
    assert meter.count == 25
    assert (meter.spread(10).median, meter.spread(3).median) == (19.5, 23.0)
    assert meter.rate(10) == meter.rate(4) == 10.0
