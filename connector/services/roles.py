"""The roles of API keys: four that keep duties apart, the node's administration, and keys from before there were roles.

An operator sees to the node and its keys, and can never publish or agree; a steward publishes and agrees, and can never
touch keys; a developer fetches data and makes keys for applications; an auditor reads. What each may do, address by
address, is in http/private/roles.py.
"""

OPERATOR, STEWARD, DEVELOPER, AUDITOR = ROLES = ("operator", "steward", "developer", "auditor")
ADMINISTRATION = "administration"
"""Of the node, for all participants."""
UNRESTRICTED = "unrestricted"
"""Of a participant's key that was made before there were roles: it opens all of that participant's affairs."""


def grants(role: str) -> tuple[str, ...]:
    """Return the roles of the keys that a key of this role may issue, replace and revoke."""
    return {
        ADMINISTRATION: (*ROLES, ADMINISTRATION, UNRESTRICTED),
        UNRESTRICTED: (*ROLES, UNRESTRICTED),
        OPERATOR: (*ROLES, UNRESTRICTED),
        DEVELOPER: (DEVELOPER,),
    }.get(role, ())
