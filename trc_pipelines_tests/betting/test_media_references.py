"""A reference is found however an app writes it; what nothing refers to is still found to be an orphan."""

import base64
import html
import json
import time
import uuid
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pandas as pd
import pytest

from trc_pipelines.betting.rules.decoding import MOST_ROUNDS, decode_texts
from trc_pipelines.betting.rules.media import (
    MINIMUM_AGE,
    MOST_ENDS,
    find_orphans,
    find_references,
    follow_orphans,
    is_referenced,
)
from trc_pipelines_tests.betting.media_stores import App, Folder
from trc_pipelines_tests.budget import one_in
from trc_pipelines_tests.world import NOON, World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

PREFIXES = ("posts", "stories", "messages", "avatars", "chats")
HOSTS = ("cdn.example.org", "our-bucket")
CDN = "https://cdn.example.org/media"
OTHER = "https://images.example.net"

KEYS = [
    "posts/3f2b8c1a-5d4e-4f6a-9b7c-0d1e2f3a4b5c.jpg",
    "posts/2026/03/04/IMG_1234.JPG",
    "posts/a b.jpg",
    "posts/a+b.jpg",
    "posts/100%.jpg",
    "posts/a%20b.jpg",
    "stories/ü/ñandú é.png",
    "avatars/日本語.webp",
    "chats/it's (1) [x], y;z.gif",
    "messages/a&b=c.mp4",
    "messages/a#b?c.mp4",
    "posts/user@home!~$*.jpg",
    "posts/noextension",
]


def url(key: str) -> str:
    return f"{CDN}/{quote(key)}"


def b64(text: str, *, url_safe: bool = True) -> str:
    code = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return code(text.encode()).decode()


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if not c.isalnum() or ord(c) > 127 else c for c in text)


STYLES: dict[str, Callable[[str], str]] = {
    "bare key": lambda key: key,
    "path": lambda key: f"/{quote(key)}",
    "path below a folder": lambda key: f"/uploads/{quote(key)}",
    "url": url,
    "url with a query": lambda key: f"{url(key)}?w=640&h=480&fit=crop",
    "url with a fragment": lambda key: f"{url(key)}#t=10",
    "signed url": lambda key: f"{url(key)}?X-Amz-Date=20260304T000000Z&X-Amz-Signature=0f%2Fa%3D",
    "url without scheme": lambda key: f"//cdn.example.org/media/{quote(key)}",
    "host in capitals, with port": lambda key: f"HTTPS://CDN.example.org:443/{quote(key)}",
    "bucket": lambda key: f"s3://our-bucket/app/{key}",
    "query parameter": lambda key: f"{OTHER}/view?url={quote(url(key), safe='')}&w=3",
    "query parameter, not encoded": lambda key: f"{OTHER}/view?w=3&url={url(key)}",
    "path in a query parameter": lambda key: f"/_next/image?url={quote_plus('/media/' + key)}&w=640&q=75",
    "key in a query parameter": lambda key: f"{OTHER}/show?image={quote_plus(key)}",
    "parameter of a parameter": lambda key: (
        f"{OTHER}/a?next={quote_plus('/b?image=' + quote_plus('/c?key=' + quote_plus(key)))}"
    ),
    "fragment with a parameter": lambda key: f"{OTHER}/app#/view?src={quote(url(key), safe='')}",
    "next image": lambda key: f"https://www.example.org/_next/image?url={quote(url(key), safe='')}&w=1",
    "imgproxy plain": lambda key: f"{OTHER}/insecure/rs:fit:300:300/plain/{quote(url(key), safe='')}@webp",
    "imgproxy base64": lambda key: f"{OTHER}/sig/rs:fit:300/{b64(CDN + '/' + key).rstrip('=')}.webp",
    "imgproxy from the bucket": lambda key: f"{OTHER}/sig/plain/s3://our-bucket/{quote(key)}",
    "weserv": lambda key: f"https://images.example.com/?url=cdn.example.org/media/{quote(key)}&w=300",
    "photon": lambda key: f"https://i0.example.com/cdn.example.org/media/{quote(key)}?resize=3,4",
    "cloudinary fetch": lambda key: f"{OTHER}/demo/image/fetch/f_auto,w_300/{url(key)}",
    "cloudflare image": lambda key: f"https://www.example.com/cdn-cgi/image/width=80,quality=75/{url(key)}",
    "thumbor": lambda key: f"{OTHER}/unsafe/300x200/smart/cdn.example.org/media/{quote(key)}",
    "json string": lambda key: json.dumps(url(key)),
    "json array": lambda key: json.dumps([f"{CDN}/posts/other.jpg", f"{CDN}/{key}"]),
    "json array of keys": lambda key: json.dumps([key, "posts/other.jpg"], ensure_ascii=False),
    "json object": lambda key: json.dumps({"media": {"url": url(key), "width": 3}}),
    "json with escaped slashes": lambda key: json.dumps([f"{CDN}/{key}"]).replace("/", "\\/"),
    "json in json": lambda key: json.dumps({"body": json.dumps({"images": [f"{CDN}/{key}"]})}),
    "unicode escapes": lambda key: escaped(f"{CDN}/{key}"),
    "list with commas": lambda key: f"posts/other.jpg,{key},posts/third.jpg",
    "list with semicolons": lambda key: f"{CDN}/posts/other.jpg;{url(key)};{CDN}/posts/third.jpg",
    "list with bars": lambda key: f"{CDN}/posts/other.jpg|{url(key)}",
    "list with spaces": lambda key: f"{CDN}/posts/other.jpg {url(key)} {CDN}/posts/third.jpg",
    "a line each": lambda key: f"posts/other.jpg\r\n{key}\r\nposts/third.jpg",
    "postgres array": lambda key: f'{{posts/other.jpg,"{key}"}}',
    "srcset": lambda key: f"{url(key)} 1x, {CDN}/posts/other.jpg 2x",
    "srcset, second": lambda key: f"{CDN}/posts/other.jpg 320w, {url(key)} 640w",
    "html": lambda key: f'<p>Look: <img src="{html.escape(url(key))}" alt="me"></p>',
    "html, raw": lambda key: f'<img class=a src="{html.escape(CDN + "/" + key)}">',
    "html entities": lambda key: "".join(f"&#{ord(c)};" for c in f"{CDN}/{key}"),
    "html in json": lambda key: json.dumps({"html": f'<a href="{html.escape(url(key))}">x</a>'}),
    "css": lambda key: f"background: url('{url(key)}') no-repeat",
    "markdown": lambda key: f"Hello ![me]({url(key)}) and more.",
    "sentence": lambda key: f"See {url(key)}.",
    "encoded twice": lambda key: quote(quote(url(key), safe=""), safe=""),
    "encoded five times": lambda key: reduce(lambda text, _: quote(text, safe=""), range(5), url(key)),
    "form-encoded twice": lambda key: f"src={quote_plus(quote_plus(CDN + '/' + key))}",
    "base64": lambda key: b64(f"{CDN}/{key}", url_safe=False),
    "base64 of json": lambda key: f"payload={b64(json.dumps({'u': f'{CDN}/{key}'}, ensure_ascii=False))}",
    "windows path": lambda key: "C:\\media\\" + key.replace("/", "\\"),
    "google storage": lambda key: f"gs://our-bucket/{key}",
    "cdn path version": lambda key: f"{CDN}/v1612/{quote(key)}/public",
}  # fmt: skip


def find(*texts: str, hosts: tuple[str, ...] = HOSTS) -> pd.Series:
    return find_references(pd.Series(texts, dtype="str"), PREFIXES, hosts)


def is_kept(key: str, *texts: str) -> bool:
    return bool(is_referenced(pd.Series([key], dtype="str"), find(*texts)).all())


@pytest.mark.parametrize("style", STYLES)
def test_a_reference_is_found_in_every_style(style: str) -> None:
    """In an ordinary run each style is tried with one key in four, from style to style the next ones."""
    step = one_in(4)
    tried = KEYS[list(STYLES).index(style) % step :: step]
    lost = [key for key in tried if not is_kept(key, STYLES[style](key))]
    assert lost == []


def test_the_catalogue_is_as_large_as_it_says() -> None:
    assert len(STYLES) >= 39
    assert len(STYLES) * len(KEYS) >= 507


@pytest.mark.parametrize("style", STYLES)
def test_an_orphan_is_no_less_an_orphan_beside_references_of_any_style(style: str) -> None:
    orphans = ["posts/gone.jpg", "posts/2026/03/04/IMG_99.JPG", "stories/ü/x.png", "posts/a c.jpg"]
    found = find(*(STYLES[style](key) for key in KEYS))
    assert not is_referenced(pd.Series(orphans, dtype="str"), found).any()


@pytest.mark.parametrize(
    ("reference", "object_key", "kept"),
    [
        ("posts/a.jpg", "posts/a_200x200.jpg", True),
        ("posts/a.jpg", "posts/a-640w.webp", True),
        ("posts/a.jpg", "posts/a@2x.jpg", True),
        ("posts/a.jpg", "posts/a.thumb.webp", True),
        ("posts/a.jpg", "posts/a.webp", True),
        ("posts/a.jpg", "posts/a/200.jpg", True),
        ("posts/a.jpg", "posts/thumbs/a.jpg", True),
        ("posts/a.jpg", "posts/200x200/a.jpg", True),
        ("posts/a.jpg", "posts/thumb_a.jpg", True),
        ("posts/a_200x200.jpg", "posts/a.jpg", True),
        ("posts/a@2x.jpg", "posts/a.png", True),
        ("posts/thumbs/a.jpg", "posts/a.jpg", True),
        ("posts/v/index.m3u8", "posts/v/seg_0001.ts", True),
        ("posts/v/index.m3u8", "posts/v/720p/chunk7.m4s", True),
        ("posts/v/manifest.mpd", "posts/v/audio/init.mp4", True),
        ("posts/clip.m3u8", "posts/clip0.ts", True),
        ("posts/clip.m3u8", "posts/seg_0001.ts", True),
        ("posts/clip.mp4", "posts/clip/index.m3u8", True),
        ("posts/a.jpg", "posts/ab.jpg", False),
        ("posts/a.jpg", "stories/a.jpg", False),
        ("posts/a.jpg", "posts/b_200x200.jpg", False),
        ("posts/b_200x200.jpg", "posts/a.jpg", False),
        ("posts/ab.jpg", "posts/a.jpg", False),
        ("posts/v/index.m3u8", "posts/w/seg_0001.ts", False),
        ("posts/clip.m3u8", "posts/picture.png", False),
        ("posts/clip.m3u8", "stories/seg_0001.ts", False),
    ],
)  # fmt: skip
def test_versions_are_kept_with_what_they_are_versions_of(
    reference: str, object_key: str, kept: bool
) -> None:
    assert is_kept(object_key, f"{CDN}/{reference}") == kept


def test_every_text_of_the_app_is_searched_and_what_it_names_besides(
    world: World, tmp_path: Path
) -> None:
    app = App(world, Folder(tmp_path / "media"))
    app.execute("ALTER TABLE betting.posts ADD COLUMN body jsonb, ADD COLUMN cover text")
    picture = "data:image/png;base64," + "cG9zdHMvZ29uZS5qcGc" * 2_000
    for name in ("body", "cover", "comment", "chat", "note", "else", "inline", "gone"):
        app.store.put(f"posts/{name}.jpg")
    app.post("", body=json.dumps({"blocks": [{"image": f"{CDN}/posts/body.jpg"}]}))
    app.post("", cover="posts/cover.jpg", deleted_at=NOON)
    app.post(f"{picture} {CDN}/posts/inline.jpg")
    app.insert(
        "comments", user_id=uuid.uuid4(), post_id=uuid.uuid4(), body=f"![]({CDN}/posts/comment.jpg)"
    )
    app.insert("chats", settings=json.dumps({"wallpaper": "posts/chat.jpg"}))
    app.execute(
        "INSERT INTO betting.notifications (user_id, type, data) "
        "VALUES (gen_random_uuid(), 'x', '{\"icon\": \"posts/note.jpg\"}')"
    )
    app.execute(
        "INSERT INTO betting.media_references VALUES (NULL), (''), ('<a href=/posts/else.jpg>')"
    )
    assert app.clean_twice().affected == 1
    assert app.left() == {
        f"posts/{name}.jpg"
        for name in ("body", "cover", "comment", "chat", "note", "else", "inline")
    }


def test_a_name_with_too_many_places_where_it_may_end_is_no_orphan() -> None:
    key = "posts/" + "a " * MOST_ENDS
    objects = pd.DataFrame(
        {
            "object_key": [key + "b", key[: len(key) // 2]],
            "size_bytes": 1,
            "modified_at": pd.Timestamp(0, tz="UTC"),
        }
    )
    orphans = find_orphans(objects, pd.Series([], dtype="str"), NOON)
    assert orphans["object_key"].tolist() == [key[: len(key) // 2]]


@pytest.mark.parametrize(
    "text",
    [
        "https://gravatar.example/avatars/a.jpg",
        "https%3A%2F%2Fgravatar.example%2Favatars%2Fa.jpg",
        '["https://gravatar.example/avatars/a.jpg"]',
        "https:\\/\\/gravatar.example\\/avatars\\/a.jpg",
        f"{CDN}/posts/b.jpg https://gravatar.example/avatars/a.jpg",
        "https://gravatar.example/x/avatars/a.jpg?size=3",
    ],
)
def test_a_picture_of_another_host_keeps_none_of_ours(text: str) -> None:
    assert not is_kept("avatars/a.jpg", text)


@pytest.mark.parametrize(
    "text",
    [
        "%" + "25" * 5_000 + "2Fposts/a.jpg",
        "&" + "amp;" * 4_000 + "#47;posts/a.jpg",
        "\\" * 15_000 + "posts/a.jpg",
        "posts/" * 2_700 + "a.jpg",
        "https://" * 2_000 + "x",
        "https://x/" + "/cdn.example.org" * 1_000,
        "cG9zdHMv" * 2_000,
        "(" * 16_000 + "posts/a.jpg",
        "posts/" + "a " * 8_000,
        "<" + "\"'" * 8_000,
        "\\u" * 8_000,
    ],
)
def test_a_hostile_text_costs_no_time(text: str) -> None:
    started = time.process_time()
    find(text)
    assert time.process_time() - started < 30


def test_every_key_is_looked_for_in_every_text_in_bounded_time() -> None:
    size = 20_000
    ids = pd.Series(np.arange(size), dtype="int64").astype("str").str.zfill(12)
    texts = f"{CDN}/posts/" + ids + ".jpg?w=640"
    keys = pd.concat(["posts/" + ids + ".jpg", "posts/gone" + ids + "_1.jpg"], ignore_index=True)
    started = time.process_time()
    found = is_referenced(keys, find_references(texts, PREFIXES, HOSTS))
    assert time.process_time() - started < 60
    assert found.tolist() == [True] * size + [False] * size


def orphans(*objects: tuple[str, int]) -> list[str]:
    """Which of these keys, modified so many microseconds before they are a week old."""
    at = pd.Timestamp(NOON) - MINIMUM_AGE
    frame = pd.DataFrame(
        {
            "object_key": [key for key, _ in objects],
            "size_bytes": 1,
            "modified_at": [at - pd.Timedelta(microseconds=older) for _, older in objects],
        }
    )
    return find_orphans(frame, pd.Series([], dtype="str"), NOON)["object_key"].tolist()


def test_an_object_is_an_orphan_from_the_first_moment_after_its_week() -> None:
    assert orphans(("posts/a", 1), ("posts/b", 0), ("posts/c", -1)) == ["posts/a"]


def test_a_key_is_judged_up_to_the_longest_of_s3_and_as_far_as_its_ends_are_looked_for() -> None:
    longest, longer = "posts/" + "a" * 1018, "posts/" + "a" * 1019
    most, more = "posts/a" + "+a" * 22, "posts/a" + "+a" * 23
    assert orphans(*[(key, 1) for key in (longest, longer, most, more, "posts//a")]) == [
        longest,
        most,
    ]


def test_an_orphan_waits_a_day_from_when_it_was_first_seen_and_is_not_gone() -> None:
    now = pd.Timestamp(NOON)
    day, moment = pd.Timedelta(hours=24), pd.Timedelta(microseconds=1)
    found = pd.DataFrame({"object_key": ["posts/a", "posts/b", "posts/c"], "size_bytes": [1, 2, 3]})
    first_seen = {"posts/a": now - day, "posts/b": now - day + moment, "posts/gone": now - day}
    known = pd.DataFrame(
        {
            "object_key": list(first_seen),
            "size_bytes": 9,
            "first_seen_at": list(first_seen.values()),
            "last_seen_at": now - moment,
        }
    )
    nothing = pd.Series([], dtype="str")
    followed = follow_orphans(found, found, known, nothing, ["posts"], NOON)
    assert list(followed.index) == [0, 1, 2, 3]
    assert followed.values.tolist() == [
        ["posts/a", 1, now - day, now, False, True],
        ["posts/b", 2, now - day + moment, now, False, False],
        ["posts/c", 3, now, now, False, False],
        ["posts/gone", 9, now - day, now - moment, True, True],
    ]


@pytest.mark.parametrize(
    ("padding", "is_found"), [("", True), ("A", True), ("A=", True), ("A==", True)]
)
def test_base64_is_read_up_to_its_last_whole_group(padding: str, is_found: bool) -> None:
    code = base64.b64encode(b"see posts/a1").decode()
    found = find_references(pd.Series([f"{code}{padding}"]), ["posts"])
    assert ("posts/a1" in found.tolist()) is is_found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\u0070osts/a", "posts/a"),
        (r"\u{70}osts/a", "posts/a"),
        (r"\x70osts/a", "posts/a"),
        (r"posts\/a", "posts/a"),
        (r"\u{110000}posts/a", "\U0010ffffposts/a"),
    ],
)
def test_an_escape_of_a_script_is_the_character_it_stands_for(text: str, said: str) -> None:
    assert said in decode_texts(pd.Series([text]), ["posts/"]).tolist()


@pytest.mark.parametrize("encode", [quote, html.escape], ids=["percent", "entities"])
def test_what_is_encoded_more_often_than_there_are_rounds_is_undone_at_once(
    encode: Callable[[str], str],
) -> None:
    text = reduce(lambda text, _: encode(text), range(3 * MOST_ROUNDS), "posts/a&b c")
    assert "posts/a&b c" in decode_texts(pd.Series([text]), ["posts/"]).tolist()


@pytest.mark.parametrize("text", ["See posts/a.", "See posts/a. And more", "posts/a ."])
def test_a_key_ends_before_the_dot_of_a_sentence(text: str) -> None:
    assert "posts/a" in find(text).tolist()


def test_a_key_as_long_as_any_is_found() -> None:
    longest, longer = "posts/" + "a" * 1018, "posts/" + "a" * 1019
    assert find(longest, longer).tolist() == [longest]


@pytest.mark.parametrize(
    ("key", "refer"),
    [
        (
            "posts/" + "a " * MOST_ENDS,
            lambda key: f"{OTHER}/?u={quote(url(key) + '?w=1', safe='')}",
        ),
        ("posts/a?" + "a " * MOST_ENDS, lambda key: f"{url(key)}?w=1"),
    ],
    ids=["query that is encoded", "question mark in the key"],
)
def test_a_key_with_too_many_ends_is_found_up_to_its_query(
    key: str, refer: Callable[[str], str]
) -> None:
    """A playlist keeps what lies beside it, however many places its own name has where it may end."""
    assert f"{key}.m3u8" in find(refer(f"{key}.m3u8")).tolist()


@pytest.mark.parametrize("before", ["", "x", "xx"])
@pytest.mark.parametrize(("hidden", "is_undone"), [("posts/a", True), ("posts_a", False)])
def test_base64_is_undone_where_it_hides_a_word_wherever_that_begins(
    before: str, hidden: str, is_undone: bool
) -> None:
    text = before + hidden + " and more"
    said = decode_texts(pd.Series([b64(text)]), ["posts/"])
    assert said.str.contains(text).any() == is_undone
