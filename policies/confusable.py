"""Names that deceive: identifiers that look like others and are not.

Two IRIs are the same when their characters are. A person compares them by eye, and may be shown `http://www.wЗ.org/…`
with a Cyrillic letter, a name with a space of no width, or one that runs backwards. Nothing is refused for it (a name
in Greek is a name), but it is said.
"""

import unicodedata

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "FULLWIDTH", "MATHEMATICAL")


def is_confusable(name: str) -> bool:
    """True if the name mixes alphabets that look alike, or has characters that cannot be seen."""
    if name.isascii():
        return not name.isprintable() or " " in name
    if any(unicodedata.category(each) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn") for each in name):
        return True
    if unicodedata.normalize("NFKC", name) != name:
        return True
    return len({_script(each) for each in name if each.isalpha()}) > 1


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "OTHER")
