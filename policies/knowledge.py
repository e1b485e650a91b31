"""What is a kind of what, and a part of what: the taxonomy that comes with a request.

A `Knowledge` gives the direct parents of each name it speaks of: a commune its département, a purpose the wider one, a
participant the groups that it belongs to. A name that has an entry has no other parents than those; of a name without
one nothing is known. So `{"FR-35": ["FR-BRE"], "FR-BRE": ["FR"], "FR": []}` says that FR-35 is part of FR and not of
DE, and without the entry of FR nobody would know whether it is part of the European Union.
"""

from collections.abc import Collection, Mapping

Knowledge = Mapping[str, Collection[str]]


def within(knowledge: Knowledge | None, name: str, wholes: Collection[str]) -> bool | None:
    """Tell whether a name is one of these, or a kind or a part of one, over any number of steps."""
    if name in wholes:
        return True
    if not knowledge:
        return None
    seen, ahead, known = {name}, [name], True
    while ahead:
        parents = knowledge.get(ahead.pop())
        if parents is None:
            known = False
            continue
        for parent in (parents,) if isinstance(parents, str) else parents:
            if parent in wholes:
                return True
            if parent not in seen:
                seen.add(parent)
                ahead.append(parent)
    return False if known else None


def among(knowledge: Knowledge | None, names: Collection[str], wholes: Collection[str]) -> bool | None:
    """Tell whether one of the names is one of these, or a kind or a part of one."""
    answer: bool | None = False
    for name in names:
        found = within(knowledge, name, wholes)
        if found:
            return True
        if found is None:
            answer = None
    return answer
