"""Made-up people: the same one for the same number, wherever it is asked for."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.UUID("5c8d1f0e-3b0a-4f6e-9a57-7a1c2be0f6d4")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CODE_LENGTH = 11
_CODES = 36**_CODE_LENGTH
_STEP = 74_207_281_001_234_567  # shares no factor with 36, so every number has its own code

# The lengths of the lists below share no factor either: pairs repeat late.
_FIRST_NAMES = (  # noqa: SIM905 - a list literal would take forty lines
    "Ada Amara Anaïs Bashir Bjarne Carmen Chidi Dalia Dmitri Eleni Emeka Fatima Freya Gaspard "
    "Hana Hiroko Ines Ivo Jasmin Joaquín Kavita Kwame Leilani Ludmila Mateo Mirela Ngozi Noor "
    "Odalys Pavel Quentin Rosalind Saoirse Tadeo Uma Vikram Zoë"
).split()
_LAST_NAMES = (  # noqa: SIM905
    "Abernathy Achterberg Bellweather Brightwater Calloway Castañeda Dunmore D'Arcy Eastlake "
    "Falkenrath Fernsby Greycliff Grünwald Hollowell Imamura Juniper Kingsmere Langstrom "
    "Larkspur Marrow-Finch Mistry Northgate Núñez O'Dea Okonjo Pemberley Quillfeather Ravenhill "
    "Silverthorne Tanglewood Thistleton Underbough Vandermolen Waverton Westmarch Winterbourne "
    "Xander Yarrow Yellowfield Zamora Zimmerling"
).split()
_COMPANIES = (
    "Lakeside Clinic",
    "Harbour & Sons",
    "Northern Institute of Soils",
    "Bluestone Partners",
    "Maple County Schools",
    "Orchard Analytics",
    "Vantage Rail",
    'The "Old Mill" Press',
    "",
)
_TITLES = ("Director", "Analyst", "Professor", "Student", "Programme Lead", "", "Nurse Educator")
_PLACES = (
    ("Duluth", "Minnesota", "55802", "USA"),
    ("Savannah", "Georgia", "31401", "USA"),
    ("Amherst", "Massachusetts", "01002", "USA"),
    ("Halifax", "Nova Scotia", "B3H 4R2", "Canada"),
    ("Santa Fe", "New Mexico", "87501", "USA"),
)
_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody works."""

    city: str
    state: str
    zipcode: str
    country: str


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person."""

    number: int
    first_name: str
    last_name: str
    email: str
    company: str
    title: str
    phone: str
    place: Place


def person(number: int) -> Person:
    """Return the person with a number (0 or more); the e-mail address is theirs alone."""
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number % len(_LAST_NAMES)]
    domain = _DOMAINS[number % len(_DOMAINS)]
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        email=f"{_PLAIN[first]}.{_PLAIN[last]}.{number}@{domain}",
        company=_COMPANIES[number % len(_COMPANIES)],
        title=_TITLES[number % len(_TITLES)],
        phone=f"202-555-{100 + number % 100:04}",
        place=Place(*_PLACES[number % len(_PLACES)]),
    )


def guid(what: str, number: int) -> str:
    """Return the GUID of a person's invitee, contact or order, in Cvent's upper case."""
    return str(uuid.uuid5(_NAMESPACE, f"{what} {number}")).upper()


def code(number: int) -> str:
    """Return the confirmation number that belongs to a number: 11 of A-Z and 0-9, unique."""
    rest = (number + 1) * _STEP % _CODES
    letters = []
    for _ in range(_CODE_LENGTH):
        rest, letter = divmod(rest, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def _plain(name: str) -> str:
    """Return a name as it stands in an e-mail address."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.replace("'", "").lower()


_PLAIN = {name: _plain(name) for name in (*_FIRST_NAMES, *_LAST_NAMES)}
