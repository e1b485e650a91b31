"""What is made quickly is the same, and as frozen, as what the class itself makes."""

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields

import pytest

from policies.frozen import maker
from policies.model import Constraint, Duty, LogicalConstraint, Policy, Reference, Rule, RuleKind, Value

MADE = [
    (Value, ("x", "urn:type"), {"language": "fr"}),
    (Constraint, ("urn:a", "urn:b", (Value("x"),)), {"pointer": "/permission/0"}),
    (LogicalConstraint, ("or", ()), {"uid": "urn:c"}),
    (Reference, (None,), {"source": "urn:d"}),
    (Rule, (), {"kind": RuleKind.PERMISSION, "uid": "urn:r"}),
    (Duty, (), {"kind": RuleKind.DUTY, "consequences": (Duty(kind=RuleKind.CONSEQUENCE),)}),
    (Policy, (), {"uid": "urn:p", "source": "{}"}),
]


@pytest.mark.parametrize(("cls", "given", "named"), MADE)
def test_it_is_what_the_class_makes(cls, given, named):
    made, own = maker(cls)(*given, **named), cls(*given, **named)
    assert type(made) is cls
    assert made == own
    assert hash(made) == hash(own)
    assert repr(made) == repr(own)
    assert pickle.loads(pickle.dumps(made)) == own
    assert [getattr(made, each.name) for each in fields(cls)] == [getattr(own, each.name) for each in fields(cls)]


@pytest.mark.parametrize(("cls", "given", "named"), MADE)
def test_it_cannot_be_changed(cls, given, named):
    made = maker(cls)(*given, **named)
    name = fields(cls)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, "y")
    with pytest.raises(FrozenInstanceError):
        delattr(made, name)


def test_a_field_that_is_missing_or_too_many_is_an_error():
    with pytest.raises(TypeError, match="operator"):
        maker(Constraint)("urn:a")
    with pytest.raises(TypeError, match="colour"):
        maker(Value)("x", colour="red")


def test_a_class_that_does_more_than_hold_fields_is_refused():
    @dataclass(frozen=True, slots=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            raise AssertionError

    @dataclass(frozen=True, slots=True)
    class Growing:
        names: list[str] = field(default_factory=list)

    for cls in (Checked, Growing, len):
        with pytest.raises(TypeError, match="no plain frozen dataclass"):
            maker(cls)
