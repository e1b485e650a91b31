"""Street lighting of a territory that does not exist, always the same: about 30 MB of GeoJSON and CSV.

The points lie along generated streets of eight fictional towns. Nothing is random but for a fixed seed, so that
checksums can be compared from one machine to another.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20261123
POINTS = 96_000

_TOWNS = ("Brume", "Clairval", "Haute-Lande", "Kerlann", "Montfleur", "Rivebelle", "Saint-Démo", "Valdoré")
_LAMPS = (("LED", 0.55), ("SHP", 0.35), ("iodure", 0.10))
_OWNERS = ("commune", "syndicat d’énergie", "département")


@dataclass(frozen=True, slots=True)
class Lamp:
    """One street light: WGS 84 degrees, watts, metres."""

    id: str
    town: str
    street: str
    longitude: float
    latitude: float
    lamp: str
    power_w: int
    height_m: float
    installed: int
    owner: str
    off_at_night: bool


def lamps(count: int = POINTS, seed: int = SEED) -> Iterator[Lamp]:
    """Yield the street lights, always the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - a fixed seed is the point
    made = 0
    while made < count:
        town = chance.choice(_TOWNS)
        street = f"rue {chance.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}{chance.randint(1, 99)}"
        angle = chance.random() * math.tau
        longitude, latitude = -1.68 + chance.gauss(0, 0.12), 48.11 + chance.gauss(0, 0.08)
        for step in range(min(chance.randint(8, 60), count - made)):
            made += 1
            yield Lamp(
                id=f"PL{made:06d}",
                town=town,
                street=street,
                longitude=round(longitude + step * 0.0003 * math.cos(angle), 6),
                latitude=round(latitude + step * 0.0002 * math.sin(angle), 6),
                lamp=chance.choices([name for name, _ in _LAMPS], [weight for _, weight in _LAMPS])[0],
                power_w=chance.choice((28, 42, 55, 70, 100, 150)),
                height_m=chance.choice((4.0, 6.0, 8.0, 10.0)),
                installed=chance.randint(1988, 2025),
                owner=chance.choice(_OWNERS),
                off_at_night=chance.random() < 0.4,
            )


def write(folder: Path, count: int = POINTS) -> tuple[Path, Path]:
    """Write `points-lumineux.geojson` and `points-lumineux.csv`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    geojson, csv = folder / "points-lumineux.geojson", folder / "points-lumineux.csv"
    with geojson.open("w", encoding="utf-8") as features, csv.open("w", encoding="utf-8") as lines:
        features.write('{"type":"FeatureCollection","name":"points_lumineux","features":[\n')
        lines.write("id;commune;voie;lon;lat;lampe;puissance_w;hauteur_m;pose;gestionnaire;extinction\n")
        for number, lamp in enumerate(lamps(count)):
            features.write((",\n" if number else "") + _feature(lamp))
            lines.write(_line(lamp))
        features.write("\n]}\n")
    return geojson, csv


def _feature(lamp: Lamp) -> str:
    properties = {
        "id": lamp.id,
        "commune": lamp.town,
        "voie": lamp.street,
        "lampe": lamp.lamp,
        "puissance_w": lamp.power_w,
        "hauteur_m": lamp.height_m,
        "gestionnaire": lamp.owner,
    }
    point = {"type": "Point", "coordinates": [lamp.longitude, lamp.latitude]}
    feature = {"type": "Feature", "geometry": point, "properties": properties}
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


def _line(lamp: Lamp) -> str:
    fields = (lamp.id, lamp.town, lamp.street, lamp.longitude, lamp.latitude, lamp.lamp, lamp.power_w, lamp.height_m)
    return ";".join(map(str, (*fields, lamp.installed, lamp.owner, "oui" if lamp.off_at_night else "non"))) + "\n"
