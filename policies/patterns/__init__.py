"""Eight templates that spare most people from writing ODRL, one file each, and the way back to the template.

    offer = policies.template("public-research").instantiate("urn:uuid:5c1", until="2028-12-31")
    found = policies.recognise(offer)
    found.template.name, found.parameters["until"]          # "public-research", "2028-12-31T23:59:59Z"

A template is data (`form.py`): a policy in the form of DSP with holes, and parameters (`parameters.py`) with labels
and help in French and English. `recogniser.py` goes the other way; nothing but an equal normal form counts. A further
template is a further file, named below; tests/policies/test_templates.py holds every one against the same rules.
"""

from functools import cache

from policies.errors import UnknownTemplate
from policies.model import Policy
from policies.patterns import (
    emergency,
    open_data,
    personal_data,
    processor,
    public_research,
    public_service,
    real_time,
    recogniser,
    trial,
)
from policies.patterns.form import Template
from policies.patterns.parameters import Parameter, ParameterKind, ParameterValue
from policies.patterns.recogniser import Mould, Recognised

ROOMS = (open_data, public_service, public_research, processor, trial, personal_data, real_time, emergency)
TEMPLATES: dict[str, Template] = {room.TEMPLATE.name: room.TEMPLATE for room in ROOMS}


def templates() -> tuple[Template, ...]:
    """Return every template, in the order in which they are best read."""
    return tuple(TEMPLATES.values())


def template(name: str) -> Template:
    """Return the template of that name. Raises UnknownTemplate."""
    if name not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise UnknownTemplate({"fr": f"« {name} ». Il y a : {known}.", "en": f"“{name}”. There are: {known}."})
    return TEMPLATES[name]


def recognise(policy: Policy) -> Recognised | None:
    """Return the template whose terms the policy has, with its parameters, or None.

    Parties, targets and identifiers do not count; whatever else is said does.
    """
    return recogniser.among(_moulds(), policy)


@cache
def _moulds() -> tuple[Mould, ...]:
    return tuple(recogniser.mould(each) for each in TEMPLATES.values())


__all__ = [
    "TEMPLATES",
    "Parameter",
    "ParameterKind",
    "ParameterValue",
    "Recognised",
    "Template",
    "recognise",
    "template",
    "templates",
]
