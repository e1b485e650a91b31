"""Open data: everybody may use it for everything, and says where it comes from (Licence Ouverte 2.0)."""

from policies.patterns.form import Template

TEMPLATE = Template(
    name="open-data",
    labels={"fr": "Données ouvertes", "en": "Open data"},
    help={
        "fr": "Réutilisation libre, à charge de citer la source, comme le veut la Licence Ouverte 2.0. Indiquez la "
        "licence dans la description du jeu de données ; l’accord automatique convient.",
        "en": "Free reuse, provided that the source is named, as Licence Ouverte 2.0 has it. Name the licence in the "
        "dataset’s description; automatic acceptance suits.",
    },
    body={
        "permission": [{"action": "use"}],
        "obligation": [{"action": "odrl:attribute"}],
    },
)
