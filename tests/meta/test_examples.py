"""Examples are drawn as the strategies say: each anew, and not most of them as copies of another."""

import pytest
from hypothesis import Phase, given, seed, settings

from tests.support.geometry import windows


def kinds(number: int) -> list[str]:
    """What 100 examples of drawn windows are, with a seed."""
    found = []

    @seed(number)
    @settings(max_examples=100, phases=[Phase.generate], database=None)
    @given(drawn=windows(2))
    def draw(drawn):
        _, _, options = drawn
        strided, dilated = max(options["strides"]) > 1, max(options["dilation_rate"]) > 1
        found.append(("strided " if strided else "dilated " if dilated else "plain ") + options["padding"])

    draw()
    return found


@pytest.mark.parametrize("number", range(5))
def test_each_kind_of_window_is_drawn_often(number):
    """Of 7 equal chances two are strided with 'same'; a few of any kind come out plain."""
    found = kinds(number)
    least = {f"{kind} {padding}": found.count(f"{kind} {padding}") for kind in ("plain", "strided", "dilated")
             for padding in ("valid", "same")}  # fmt: skip
    assert min(least.values()) >= 4, least
    assert found.count("strided same") >= 12, least
