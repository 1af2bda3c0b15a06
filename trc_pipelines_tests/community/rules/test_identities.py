"""What identifies a person: digests that know them again, and words in texts that are about nobody else."""

import hashlib
import re

import pandas as pd
import pytest

from trc_pipelines.community.rules.identities import (
    are_erased,
    find_mentions,
    hash_identity,
    pattern_of_any,
)

KEY, OTHER_KEY = "ab" * 32, "cd" * 32


def erasures(*digests: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(digests, columns=["hash_key", "digest"])


def say(text: str, *identities: object) -> str:
    """The text without them."""
    for mention in find_mentions(identities, "erased-5"):
        text = re.sub(mention.pattern, mention.replacement.replace(r"\10", r"\g<1>0"), text)
    return text


def test_who_was_erased_is_known_by_any_of_what_identifies_them() -> None:
    people = pd.DataFrame(
        {
            "member_id": ["ann", "bob", "new", "cem"],
            "discord_id": pd.array([1, 2, 3, None], dtype="Int64"),
        }
    )
    listed = erasures(
        (KEY, hash_identity("member_id", "ann", KEY)),
        (OTHER_KEY, hash_identity("discord_id", 3, OTHER_KEY)),
        (OTHER_KEY, hash_identity("member_id", "2", OTHER_KEY)),
    )
    assert are_erased(people, listed).tolist() == [True, False, True, False]
    assert not are_erased(people, erasures()).any()
    assert are_erased(people.head(0), listed).tolist() == []


def test_a_digest_depends_on_kind_and_key() -> None:
    of_all = {hash_identity(kind, 5, key) for kind in ("a", "b") for key in (KEY, OTHER_KEY)}
    assert len(of_all) == 4


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("set aside: kanarie-4f, bob", "set aside: erased-5, bob"),
        ('{"member_id": "kanarie-4f"}', '{"member_id": "erased-5"}'),
        ("kanarie-4f2 and my-kanarie-4f are others", "kanarie-4f2 and my-kanarie-4f are others"),
        ('{"account": 915551234567890123, "xp": 12}', '{"account": 0, "xp": 12}'),
        ("9155512345678901234", "9155512345678901234"),
        ("first member_id kanarie-4f.", "first member_id erased-5."),
    ],
)
def test_a_text_names_nobody_else(text: str, left: str) -> None:
    assert say(text, "kanarie-4f", 915551234567890123) == left


def test_a_short_id_is_one_where_it_is_called_so() -> None:
    assert say('7 rows, {"member_id": "7", "xp": 7}', "7") == '7 rows, {"member_id": "0", "xp": 7}'
    assert say("member_id ann; ann ranks", "ann") == "member_id erased-5; ann ranks"


def test_a_name_is_found_as_json_has_it() -> None:
    assert (
        say(r'{"note": "asked \"Zoë\" the 1st"}', '"Zoë" the 1st') == '{"note": "asked erased-5"}'
    )


def test_a_reason_is_searched_for_short_names_too() -> None:
    assert re.search(pattern_of_any(["m1", "Ann"]), "for Ann, who asked")
    assert not re.search(pattern_of_any(["m1", "Ann"]), "Anna asked")


def test_a_digest_has_sixteen_bytes_and_is_the_same_for_good() -> None:
    digest = hash_identity("member_id", "ann", "00" * 16)
    known = hashlib.blake2b(b"member_id:ann", key=bytes(16), digest_size=16)
    assert digest == known.hexdigest()


def test_a_name_with_quotes_is_found_without_and_with_escapes() -> None:
    assert say('asked "Zoë" the 1st', '"Zoë" the 1st') == "asked erased-5"
    assert say(r'{"name": "Zo\u00eb Ann"}', "Zoë Ann") == '{"name": "erased-5"}'


def test_six_letters_and_twelve_digits_are_found_anywhere() -> None:
    assert say("xp of robert", "robert") == "xp of erased-5"
    assert say("xp of rober", "rober") == "xp of rober"
    assert say("xp of 123456789012", "123456789012") == "xp of 0"
    assert say("xp of 12345678901", "12345678901") == "xp of 12345678901"
    assert len(find_mentions(["robert"], "erased-5")) == 1


def test_of_two_names_the_longer_one_is_found_first() -> None:
    assert say("for Roberta Lee, who asked", "Roberta", "Roberta Lee") == "for erased-5, who asked"
