"""Generators for the geo commands, on keys that hold points."""

from collections.abc import Mapping

from differential.values import Commands, any_integers, command, keys, maybe, options, some, values, word
from hypothesis import strategies as st

PLACES = [b"Palermo", b"Catania", b"pole", b"antipode", b"date line", b"x" * 70]

places = st.one_of(st.sampled_from(PLACES), st.sampled_from(PLACES), values)
geo_keys = st.sampled_from([b"geo1", b"geo2"]) | keys


def _degrees(limit: float) -> st.SearchStrategy[bytes]:
    near = st.sampled_from(
        [b"13.361389", b"38.115556", b"15.087269", b"37.502669", b"0", b"-0.5", b"180", b"-180"]
    )
    anywhere = st.floats(-limit, limit).map(lambda degrees: b"%.7f" % degrees)
    return st.one_of(
        near, anywhere, anywhere, st.sampled_from([b"85.06", b"180.1", b"abc", b"nan", b"1e3", b""])
    )


points: Commands = st.tuples(_degrees(180), _degrees(85))
additions: Commands = st.lists(st.tuples(_degrees(180), _degrees(85), places), min_size=1, max_size=5).map(
    lambda drawn: tuple(part for triple in drawn for part in triple)
)
units = st.sampled_from([b"m", b"km", b"KM", b"ft", b"mi", b"km", b"yd"])
lengths = st.sampled_from([b"0", b"1", b"100", b"1000", b"5000", b"20000", b"190.5", b"-1", b"abc", b"nan"])
centers: Commands = st.one_of(command(word(b"FROMMEMBER"), places), command(word(b"FROMLONLAT"), points))
shapes: Commands = st.one_of(
    command(word(b"BYRADIUS"), lengths, units), command(word(b"BYBOX"), lengths, lengths, units)
)
count: Commands = command(
    word(b"COUNT"), st.sampled_from([b"1", b"2", b"100"]) | any_integers, maybe(word(b"ANY"))
)
details: Commands = options(
    *(word(name) for name in (b"WITHCOORD", b"WITHDIST", b"WITHHASH", b"ASC", b"DESC", b"ANY")),
    count,
    centers,
    shapes,
)

COMMANDS: Mapping[str, Commands] = {
    "GEOADD": command(b"GEOADD", geo_keys, options(word(b"NX"), word(b"XX"), word(b"CH"), most=1), additions),
    "GEOPOS": command(b"GEOPOS", geo_keys, some(places, least=0)),
    "GEOHASH": command(b"GEOHASH", geo_keys, some(places, least=0)),
    "GEODIST": command(b"GEODIST", geo_keys, places, places, st.just(()) | some(units, most=1)),
    "GEOSEARCH": command(b"GEOSEARCH", geo_keys, centers, shapes, details),
    "GEOSEARCHSTORE": command(
        b"GEOSEARCHSTORE",
        geo_keys,
        geo_keys,
        centers,
        shapes,
        options(word(b"STOREDIST"), word(b"ASC"), count),
    ),
}
