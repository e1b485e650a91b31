"""The checks, one file each, in the order in which they are made: what is near first, what is far last.

A check has a `TITLE` in both languages, its diagnoses, and `async def check(case)`, which returns the findings. It may
leave things in the case for the checks after it.
"""

from types import ModuleType

from connector.doctor.checks import (
    database,
    disk,
    files,
    keys,
    listeners,
    mirror,
    neighbours,
    partners,
    public,
    seals,
    settings_file,
    time,
    work,
)
from connector.doctor.diagnosis import Diagnosis

CHECKS: dict[str, ModuleType] = {
    "settings": settings_file,
    "files": files,
    "disk": disk,
    "database": database,
    "keys": keys,
    "seals": seals,
    "node": listeners,
    "replicas": neighbours,
    "work": work,
    "public": public,
    "partners": partners,
    "clock": time,
    "mirror": mirror,
}


def diagnoses(check: ModuleType) -> list[Diagnosis]:
    """Return everything that a check may find."""
    return [value for value in vars(check).values() if isinstance(value, Diagnosis)]
