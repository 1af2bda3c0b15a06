"""Media cleanup on a folder and on a real S3 server: whatever is in doubt stays."""

import os
import sys
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from trc_pipelines.betting.object_store import ObjectStore, StoreError, open_store
from trc_pipelines.betting.rules.media import (
    find_doubt,
    find_orphans,
    find_references,
    follow_orphans,
    is_referenced,
)
from trc_pipelines.betting.steps import media_orphans
from trc_pipelines.database.connection import DatabaseError, Transaction
from trc_pipelines.jobs.contract import JobError, Result
from trc_pipelines.settings import Settings, SettingsError, load_settings
from trc_pipelines_tests.betting.media_stores import (
    CDN,
    DAY,
    HOUR,
    MINUTE,
    PREFIXES,
    App,
    Bucket,
    Folder,
)
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.world import NOON, World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either


def figures(result: Result) -> dict[str, int]:
    """What became of the objects: affected is what was deleted."""
    assert result.affected == result.details["objects_deleted"]
    return {
        "deleted": result.details["objects_deleted"],
        "waiting": result.details["orphans_waiting"],
        "examined": result.details["objects_examined"],
    }


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A server that speaks S3; its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials where AWS's own tools look for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "media")


@pytest.fixture
def bucket(s3: str, aws: None) -> Bucket:
    return Bucket(s3)


@pytest.fixture(params=["folder", "bucket"])
def app(request: pytest.FixtureRequest, world: World) -> App:
    """On both stores."""
    return App(world, request.getfixturevalue(request.param))


@pytest.fixture
def on_disk(world: World, folder: Folder) -> App:
    """On a folder alone."""
    return App(world, folder)


def test_a_photo_nobody_needs_goes_and_a_thumbnail_that_a_row_needs_stays(app: App) -> None:
    app.store.put("posts/photo.jpg")
    app.store.put("posts/thumbnail.jpg")
    app.post("https://elsewhere.example/photo.jpg", thumbnail_url=f"{CDN}/posts/thumbnail.jpg")
    first = app.clean(app.start)
    assert figures(first) == {"deleted": 0, "waiting": 1, "examined": 22}
    assert app.left() == {"posts/photo.jpg", "posts/thumbnail.jpg"}
    second = app.clean(app.start + DAY)
    assert figures(second) == {"deleted": 1, "waiting": 0, "examined": 22}
    assert app.left() == {"posts/thumbnail.jpg"}
    assert figures(app.clean(app.start + 2 * DAY)) == {"deleted": 0, "waiting": 0, "examined": 21}
    assert app.records() == {"posts/photo.jpg": (0, 24)}
    assert app.query("SELECT size_bytes FROM betting.media_orphans")["size_bytes"].tolist() == [7]
    assert all(type(figure) is int for figure in second.details.values())


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("posts", "media_url"),
        ("posts", "thumbnail_url"),
        ("stories", "media_url"),
        ("stories", "thumbnail_url"),
        ("messages", "media_url"),
        ("messages", "thumbnail_url"),
        ("users", "avatar_url"),
        ("chats", "avatar_url"),
    ],
)
def test_every_column_protects_also_in_rows_that_are_deleted(
    on_disk: App, table: str, column: str
) -> None:
    on_disk.store.put("stories/a.jpg")
    others = {"user_id": uuid.uuid4()} if table in ("posts", "stories", "messages") else {}
    others |= {"chat_id": uuid.uuid4()} if table == "messages" else {}
    others |= {"deleted_at": NOON} if table != "chats" else {}
    on_disk.insert(table, **{column: f"{CDN}/stories/a.jpg"}, **others)
    assert on_disk.clean_twice().affected == 0
    assert on_disk.left() == {"stories/a.jpg"}


def test_keys_of_every_kind_are_deleted_exactly_and_protected_as_they_are_written(app: App) -> None:
    odd = [
        "a b.jpg",
        "a%20b.jpg",
        "a+b.jpg",
        "[ab]*.jpg",
        "ü/ñ.jpg",
        "a#b.jpg",
        "a?b.jpg",
        "é'.jpg",
    ]
    for name in odd:
        app.store.put(f"posts/gone/{name}")
        app.store.put(f"stories/{name}")
        app.insert("stories", user_id=uuid.uuid4(), media_url=f"stories/{name}")
        app.store.put(f"chats/{name}")
        app.insert("chats", avatar_url=f"{CDN}/chats/{quote(name)}?size=small#top")
        app.store.put(f"posts/a{name}")
        app.post(f"/posts/a{name}")
    assert app.clean_twice().affected == len(odd)
    assert app.left() == {
        f"{place}{name}" for name in odd for place in ("stories/", "chats/", "posts/a")
    }


def test_a_foreign_avatar_protects_nothing(on_disk: App) -> None:
    on_disk.store.put("avatars/a.jpg")
    on_disk.insert("users", avatar_url="https://gravatar.example/avatars/a.jpg")
    assert on_disk.clean_twice().affected == 1
    assert on_disk.left() == set()


def test_without_base_urls_every_host_may_be_ours(on_disk: App) -> None:
    on_disk.change(media_base_urls=())
    on_disk.store.put("avatars/a.jpg")
    on_disk.insert("users", avatar_url="https://gravatar.example/avatars/a.jpg")
    result = on_disk.clean_twice()
    assert (result.success, result.affected) == (True, 0)


def test_addresses_of_the_bucket_itself_are_ours(world: World, bucket: Bucket) -> None:
    app = App(world, bucket)
    app.store.put("avatars/a.jpg")
    app.insert("users", avatar_url=f"s3://{bucket.name}/app/avatars/a.jpg")
    app.store.put("avatars/b.jpg")
    endpoint = bucket.settings["media_endpoint_url"]
    app.insert("users", avatar_url=f"{endpoint}/{bucket.name}/app/avatars/b.jpg")
    assert app.clean_twice().affected == 0
    store = open_store(load_settings(media_url="s3://photos/app"))
    assert store.hosts == ("photos", "amazonaws.com")


def test_an_object_is_old_after_more_than_a_week(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    assert on_disk.clean(NOON + 7 * DAY).details["orphans_found"] == 0
    assert on_disk.clean(NOON + 7 * DAY + timedelta(seconds=1)).details["orphans_found"] == 1


def test_a_bucket_knows_ages_too(world: World, bucket: Bucket) -> None:
    app = App(world, bucket)
    app.store.put("posts/a.jpg")
    assert app.clean(bucket.uploaded_at + 7 * DAY - MINUTE).details["orphans_found"] == 0
    assert app.clean(datetime.now(UTC) + 7 * DAY + MINUTE).details["orphans_found"] == 1


@pytest.mark.parametrize("seconds", [0, -5, 10.0**15])
def test_an_unknown_age_keeps_an_object(on_disk: App, seconds: float) -> None:
    on_disk.store.put("posts/a.jpg")
    try:
        os.utime(on_disk.store.path / "posts/a.jpg", (seconds, seconds))
    except OverflowError:
        pytest.skip("this file system has no such time")
    assert on_disk.clean_twice().affected == 0
    assert on_disk.left() == {"posts/a.jpg"}


def test_an_object_of_a_bucket_without_a_time_is_kept(
    world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = App(world, bucket)
    app.store.put("posts/a.jpg")
    original = ObjectStore._list

    def list_without_time(store: ObjectStore, path: str) -> Iterator[dict[str, Any]]:
        for info in original(store, path):
            yield info | ({"LastModified": None} if info["name"].endswith("/a.jpg") else {})

    monkeypatch.setattr(ObjectStore, "_list", list_without_time)
    assert app.clean_twice().affected == 0
    assert app.left() == {"posts/a.jpg"}


def test_what_is_not_below_a_managed_prefix_is_not_looked_at(app: App) -> None:
    others = {"posts.jpg", "postscripts/a.jpg", "backup/posts/a.jpg", "users/a.jpg"}
    for key in others:
        app.store.put(key)
    result = app.clean_twice()
    assert result.details["objects_examined"] == 20
    assert app.left() == others
    app.change(media_prefixes=("users", "posts", "posts"))
    assert figures(app.clean_twice()) == {"deleted": 1, "waiting": 0, "examined": 21}
    assert app.left() == others - {"users/a.jpg"}


def test_an_object_named_like_a_prefix_is_not_below_it(world: World, bucket: Bucket) -> None:
    app = App(world, bucket)
    for key in ("chats", "avatars/", "stories//a.jpg", "posts/../a.jpg", "posts/a?versionId=1"):
        app.store.put(key)
    left = app.left()
    assert app.clean_twice().affected == 0
    assert app.left() == left
    assert len(left) == 5


def test_links_are_not_followed_and_not_deleted(on_disk: App, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "diary.txt").write_text("mine")
    os.utime(outside / "diary.txt", (1e9, 1e9))
    folder = on_disk.store.path
    (folder / "stories").symlink_to(outside)
    (folder / "posts" / "deep").symlink_to(outside)
    (folder / "posts" / "file.txt").symlink_to(outside / "diary.txt")
    (folder / "posts" / "nowhere").symlink_to(outside / "nothing")
    assert on_disk.clean_twice().details["objects_examined"] == 20
    assert (outside / "diary.txt").read_text() == "mine"
    assert (folder / "posts" / "file.txt").is_symlink()
    assert (folder / "posts" / "nowhere").is_symlink()
    with pytest.raises(StoreError, match="outside"):
        open_store(on_disk.settings).delete("posts/deep/diary.txt")
    with pytest.raises(StoreError, match="outside"):
        open_store(on_disk.settings).delete("posts/../../outside/diary.txt")
    assert (outside / "diary.txt").read_text() == "mine"


def test_a_media_folder_may_be_a_link_itself(on_disk: App, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(on_disk.store.path)
    on_disk.change(media_url=str(tmp_path / "link"))
    on_disk.store.put("posts/a/b/c.jpg")
    assert on_disk.clean_twice().affected == 1


def test_a_name_that_is_no_text_stops_nobody(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    odd = os.fsencode(on_disk.store.path) + b"/posts/\xff.jpg"
    Path(os.fsdecode(odd)).write_text("picture")
    os.utime(odd, (1e9, 1e9))
    assert on_disk.clean_twice().affected == 1
    assert os.path.exists(odd)


def test_two_sightings_are_a_day_apart(app: App) -> None:
    app.store.put("posts/a.jpg")
    for later in (timedelta(), MINUTE, DAY - MINUTE):
        assert app.clean(app.start + later).affected == 0
    assert app.records() == {"posts/a.jpg": (0, None)}
    assert app.clean(app.start + DAY).affected == 1
    assert app.records() == {"posts/a.jpg": (0, 24)}


def test_a_reference_in_between_begins_the_day_anew(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    on_disk.insert("users", avatar_url="posts/a.jpg")
    on_disk.clean(on_disk.start + HOUR)
    assert on_disk.records() == {}
    on_disk.execute("DELETE FROM betting.users")
    assert on_disk.clean(on_disk.start + DAY).affected == 0
    assert on_disk.records() == {"posts/a.jpg": (24, None)}
    assert on_disk.clean(on_disk.start + 2 * DAY).affected == 1


def test_an_object_that_was_written_again_begins_its_week_anew(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    assert isinstance(on_disk.store, Folder)
    on_disk.store.put("posts/a.jpg", (on_disk.start + HOUR).timestamp())
    assert on_disk.clean(on_disk.start + DAY).affected == 0
    assert on_disk.records() == {}


def test_what_others_took_within_the_day_is_forgotten(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    on_disk.store.remove("posts/a.jpg")
    assert figures(on_disk.clean(on_disk.start + HOUR)) == {
        "deleted": 0,
        "waiting": 0,
        "examined": 20,
    }
    assert on_disk.records() == {}


def test_a_key_that_was_deleted_and_is_given_again_begins_anew(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean_twice()
    on_disk.store.put("posts/a.jpg")
    assert on_disk.clean(on_disk.start + 10 * DAY).affected == 0
    assert on_disk.records() == {"posts/a.jpg": (240, None)}
    assert on_disk.clean(on_disk.start + 11 * DAY).affected == 1
    assert on_disk.records() == {"posts/a.jpg": (240, 264)}


def test_an_orphan_of_a_prefix_that_is_managed_no_more_is_forgotten(on_disk: App) -> None:
    on_disk.store.put("chats/a.jpg")
    on_disk.clean(on_disk.start)
    on_disk.change(media_prefixes=("posts",))
    assert on_disk.clean(on_disk.start + DAY).affected == 0
    assert on_disk.records() == {}
    assert on_disk.left() == {"chats/a.jpg"}


def test_a_quarter_of_the_objects_may_be_orphans_and_no_more(app: App) -> None:
    for number in range(6):
        app.store.put(f"chats/{number}.jpg")
    app.store.put("stories/a.jpg")
    app.store.put("stories/b.jpg")
    app.insert("stories", user_id=uuid.uuid4(), media_url="stories/a.jpg")
    refused = app.clean(app.start)  # 7 of 28
    assert refused.success
    app.store.put("chats/another.jpg")  # 8 of 29
    refused = app.clean(app.start + DAY)
    assert (refused.success, refused.affected) == (False, 0)
    [doubt] = refused.notes
    assert doubt.startswith(
        "nothing is deleted: 8 of 29 objects have no reference, more than 25% "
        "(MEDIA_MAX_ORPHAN_SHARE)"
    )
    assert len(app.left()) == 9
    assert len(app.records()) == 7
    app.change(media_max_orphan_share=0.3)
    assert app.clean(app.start + DAY).affected == 7


def test_without_any_reference_to_us_nothing_is_deleted(on_disk: App) -> None:
    on_disk.change(media_max_orphan_share=1)
    on_disk.execute("UPDATE betting.posts SET media_url = 'https://other.example/posts/0.jpg'")
    result = on_disk.clean_twice()
    assert (result.success, result.affected) == (False, 0)
    assert "no row refers to any object" in result.message
    assert len(on_disk.store.keys()) == 20
    assert on_disk.records() == {}


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE betting.messages RENAME COLUMN thumbnail_url TO preview_url",
        "ALTER TABLE betting.chats RENAME TO rooms",
    ],
)
def test_references_that_cannot_be_read_end_everything(app: App, damage: str) -> None:
    app.store.put("posts/a.jpg")
    app.clean(app.start)
    app.store.put("posts/b.jpg")
    app.execute(damage)
    with pytest.raises(DatabaseError, match="select_media_urls"):
        app.clean(app.start + DAY)
    assert app.left() == {"posts/a.jpg", "posts/b.jpg"}
    assert app.records() == {"posts/a.jpg": (0, None)}


def test_references_are_read_after_the_objects(
    on_disk: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    original = ObjectStore.list_objects

    def list_and_refer(store: ObjectStore, prefixes: tuple[str, ...]) -> pd.DataFrame:
        found = original(store, prefixes)
        on_disk.post("posts/a.jpg")
        return found

    monkeypatch.setattr(ObjectStore, "list_objects", list_and_refer)
    result = on_disk.clean(on_disk.start + DAY)
    assert (result.affected, result.details["objects_referenced_again"]) == (0, 0)
    assert on_disk.left() == {"posts/a.jpg"}


@pytest.mark.undisturbed("what is referred to meanwhile stays so when the step is tried again")
def test_references_are_looked_for_again_right_before_each_batch(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        app.store.put(f"posts/{name}.jpg")
    app.clean(app.start)
    monkeypatch.setattr(media_orphans, "BATCH", 1)
    original, read = ObjectStore.delete, Transaction.read

    def read_and_refer(db: Transaction, statement: str, /, **parameters: object) -> pd.DataFrame:
        if statement == "betting/select_waiting_orphans":  # after the first reading of references
            app.post("posts/a.jpg")
        return read(db, statement, **parameters)

    def delete_and_refer(store: ObjectStore, key: str) -> None:
        original(store, key)
        if key == "posts/b.jpg":
            app.post("posts/c.jpg")

    monkeypatch.setattr(Transaction, "read", read_and_refer)
    monkeypatch.setattr(ObjectStore, "delete", delete_and_refer)
    result = app.clean(app.start + DAY)
    assert (result.affected, result.details["objects_referenced_again"]) == (1, 2)
    assert figures(result) == {"deleted": 1, "waiting": 0, "examined": 23}
    assert app.left() == {"posts/a.jpg", "posts/c.jpg"}
    assert app.records() == {"posts/b.jpg": (0, 24)}


@pytest.mark.undisturbed("fails where it says")
def test_a_reference_query_that_fails_before_the_deletion_deletes_nothing(
    on_disk: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    read, readings = Transaction.read, []

    def fail_the_second_time(
        db: Transaction, statement: str, /, **parameters: object
    ) -> pd.DataFrame:
        readings.append(statement)
        if readings.count("betting/select_media_urls") == 2:
            raise DatabaseError("out of order")
        return read(db, statement, **parameters)

    monkeypatch.setattr(Transaction, "read", fail_the_second_time)
    with pytest.raises(DatabaseError, match="out of order"):
        on_disk.clean(on_disk.start + DAY)
    assert on_disk.left() == {"posts/a.jpg"}


def test_a_limit_takes_what_has_been_an_orphan_for_longest(on_disk: App) -> None:
    for hours, key in enumerate(["posts/c.jpg", "posts/b.jpg", "posts/a.jpg"]):
        on_disk.store.put(key)
        on_disk.clean(on_disk.start + hours * HOUR)
    result = on_disk.clean(on_disk.start + 2 * DAY, limit=2)
    assert figures(result) == {"deleted": 2, "waiting": 1, "examined": 23}
    assert on_disk.left() == {"posts/a.jpg"}
    assert on_disk.records()["posts/a.jpg"] == (2, None)


def test_a_rehearsal_says_the_same_and_does_nothing(app: App) -> None:
    app.store.put("posts/a.jpg")
    app.clean(app.start)
    app.store.put("posts/b.jpg")
    rehearsed = app.clean(app.start + DAY, dry_run=True)
    assert app.left() == {"posts/a.jpg", "posts/b.jpg"}
    assert app.records() == {"posts/a.jpg": (0, None)}
    assert app.clean(app.start + DAY) == rehearsed
    assert rehearsed.affected == 1


@pytest.mark.undisturbed("is killed where it says")
def test_killed_between_deletion_and_commit_the_next_run_records_it_within_the_limit(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        app.store.put(f"posts/{name}.jpg")
    app.clean(app.start)
    with monkeypatch.context() as patch:
        patch.setattr(media_orphans, "_record", _die)
        with pytest.raises(KeyboardInterrupt):
            app.clean(app.start + DAY, limit=2)
    assert app.left() == {"posts/c.jpg"}
    assert set(app.records().values()) == {(0, None)}
    # The same run once more: as if it had not been killed.
    again = app.clean(app.start + DAY, limit=2)
    assert figures(again) == {"deleted": 2, "waiting": 1, "examined": 23}
    assert app.left() == {"posts/c.jpg"}
    assert figures(app.clean(app.start + 2 * DAY)) == {"deleted": 1, "waiting": 0, "examined": 21}
    assert set(app.records().values()) == {(0, 24), (0, 48)}


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.undisturbed("the store fails where it says, every time")
@pytest.mark.parametrize("most", [1, 5])
def test_a_store_that_fails_in_the_middle(
    on_disk: App, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for name in "abcde":
        on_disk.store.put(f"posts/{name}.jpg")
    on_disk.clean(on_disk.start)
    original, tried = ObjectStore.delete, []

    def delete(store: ObjectStore, key: str) -> None:
        tried.append(key)
        if key > "posts/a.jpg" and key != "posts/e.jpg":
            raise StoreError("PermissionError")
        original(store, key)

    monkeypatch.setattr(ObjectStore, "delete", delete)
    monkeypatch.setattr(media_orphans, "MOST_REFUSALS", most)
    result = on_disk.clean(on_disk.start + DAY)
    assert not result.success
    if most == 1:
        assert tried == ["posts/a.jpg", "posts/b.jpg"]
        assert figures(result) == {"deleted": 1, "waiting": 4, "examined": 25}
        assert result.details["objects_not_deleted"] == 4
        assert result.notes == [
            "not deleted (PermissionError): posts/b.jpg, posts/c.jpg, posts/d.jpg, …"
        ]
    else:
        assert (result.affected, result.details["objects_not_deleted"]) == (2, 3)
    monkeypatch.undo()
    assert on_disk.records()["posts/a.jpg"] == (0, 24)
    assert on_disk.records()["posts/b.jpg"] == (0, None)


def test_a_store_that_fails_in_the_middle_for_real(on_disk: App) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.store.put("posts/b.jpg")
    on_disk.clean(on_disk.start)
    path = on_disk.store.path / "posts"
    store = open_store(on_disk.settings)
    (path / "a.jpg").unlink()
    (path / "a.jpg").mkdir()
    with pytest.raises(StoreError, match="IsADirectoryError"):
        store.delete("posts/a.jpg")
    (path / "a.jpg").rmdir()
    store.delete("posts/a.jpg")  # gone is fine


@pytest.mark.parametrize("fault", ["no server", "no bucket", "no credentials"])
def test_a_store_that_is_not_there_is_an_error_and_nothing_is_lost(
    world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    app = App(world, bucket)
    app.store.put("posts/a.jpg")
    app.clean(app.start)
    if fault == "no server":
        app.change(media_endpoint_url="http://127.0.0.1:9")
    elif fault == "no bucket":
        app.change(media_url="s3://nowhere")
    else:
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(JobError, match=r"the store of MEDIA_URL cannot be listed \(\w+\)") as told:
        app.clean(app.start + DAY)
    assert "secret" not in str(told.value)
    assert app.records() == {"posts/a.jpg": (0, None)}


def test_a_folder_that_cannot_be_read_is_an_error_when_it_is_managed(
    on_disk: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("/below"):
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    on_disk.store.put("backup/below/a.jpg")
    assert on_disk.clean(on_disk.start).success
    on_disk.store.put("posts/below/a.jpg")
    with pytest.raises(JobError, match="PermissionError"):
        on_disk.clean(on_disk.start)


@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_folder_without_objects_changes_nothing(
    on_disk: App, tmp_path: Path, is_mounted: bool
) -> None:
    on_disk.store.put("posts/a.jpg")
    on_disk.clean(on_disk.start)
    (tmp_path / "empty").mkdir()
    on_disk.change(media_url=str(tmp_path / ("empty" if is_mounted else "missing")))
    result = on_disk.clean(on_disk.start + DAY)
    assert (result.success, result.affected) == (True, 0)
    assert result.message.startswith("the media store has no objects below posts, ")
    assert on_disk.records() == {"posts/a.jpg": (0, None)}


def test_by_default_the_store_is_a_folder_at_home(settings: Settings) -> None:
    assert open_store(settings).root == str(settings.trc_home / "media")


def test_without_s3fs_the_error_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"media_url": "s3://bucket"})
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(JobError, match="pip install s3fs"):
        open_store(settings)


# Settings


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("/srv/media/", "/srv/media"),
        ("file:///srv/my%20media", "/srv/my media"),
        ("s3://bucket", "s3://bucket"),
        ("s3://my.bucket-1/a/b/", "s3://my.bucket-1/a/b"),
    ],
)
def test_urls_of_a_store(given: str, meant: str) -> None:
    assert load_settings(media_url=given).media_url == meant


@pytest.mark.parametrize(
    "given",
    [
        "media", "/", "file://host/media", "gs://bucket", "https://bucket", "s3://", "s3://b/../c",
        "s3://key:secret@bucket", "s3://bucket//a", "s3://bucket/a?x=1", "s3://bucket/a*",
        "s3:///bucket", "s3://Bucket",
    ],
)  # fmt: skip
def test_urls_of_no_store(given: str) -> None:
    with pytest.raises(SettingsError, match=r"^MEDIA_URL: accepts an absolute folder") as told:
        load_settings(media_url=given)
    assert "secret" not in str(told.value)


def test_lists_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_BASE_URLS", f"{CDN}/, http://localhost:9000")
    monkeypatch.setenv("MEDIA_PREFIXES", "/posts/, users/avatars")
    settings = load_settings()
    assert settings.media_base_urls == (CDN, "http://localhost:9000")
    assert settings.media_prefixes == ("posts", "users/avatars")
    for bad in (",", "..", "a/../b", "a//b", "*", "."):
        monkeypatch.setenv("MEDIA_PREFIXES", bad)
        with pytest.raises(SettingsError, match=r"^MEDIA_PREFIXES: "):
            load_settings()


# Rules


def references(*urls: str, hosts: tuple[str, ...] = ("cdn.example.org",)) -> set[str]:
    return set(find_references(pd.Series(urls, dtype="str"), PREFIXES, hosts))


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\"), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and name == name.strip())
keys = st.lists(names, min_size=1, max_size=4).map(lambda parts: "posts/" + "/".join(parts))
few = hypothesis.settings(max_examples=examples(30))


@few
@given(keys, st.sampled_from(["", "/", "//", CDN + "/", "https://CDN.example.org:8443/a/b/"]))
def test_every_key_is_found_in_its_url(key: str, base: str) -> None:
    found = pd.Series(list(references(base + quote(key) + "?w=1&h=2#top")), dtype="str")
    assert is_referenced(pd.Series([key], dtype="str"), found).all()


@few
@given(keys, st.sampled_from(["", "/", CDN + "/"]))
def test_every_key_is_found_as_it_is(key: str, base: str) -> None:
    assert unicodedata.normalize("NFC", key) in references(base + key)


@few
@given(keys)
def test_no_key_is_found_in_the_url_of_another_host(key: str) -> None:
    assert references("https://elsewhere.example/" + quote(key)) == set()


@few
@given(st.lists(st.text(), max_size=5))
def test_no_text_is_too_strange(urls: list[str]) -> None:
    for key in references(*(url.encode(errors="ignore").decode() for url in urls)):
        assert key.startswith(tuple(f"{prefix}/" for prefix in PREFIXES))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", set()),
        ("posts", set()),
        ("posts/", set()),
        ("ab.jpg", set()),
        ("postscripts/a.jpg", set()),
        ("my-posts/a.jpg", set()),
        ("posts/../../etc/passwd", set()),
        ("posts/../secret", set()),
        (f"{CDN}/posts/%2e%2e/secret", {"posts/%2e%2e/secret"}),
        ("posts/x/../a.jpg", {"posts/a.jpg"}),
        ("posts/../stories/a.jpg", {"stories/a.jpg"}),
        (" /posts/a.jpg ", {"posts/a.jpg"}),
        ("/uploads/posts/a.jpg", {"posts/a.jpg"}),
        ("cdn.example.org/media/posts/a.jpg", {"posts/a.jpg"}),
        ("//cdn.example.org/media/posts/a.jpg", {"posts/a.jpg"}),
        ("//posts/a.jpg", {"posts/a.jpg"}),
        ("http://cdn.example.org./posts/a.jpg", {"posts/a.jpg"}),
        ("https://me:pw@cdn.example.org:443/posts/a.jpg", {"posts/a.jpg"}),
        ("https://img.cdn.example.org/posts/a.jpg", {"posts/a.jpg"}),
        ("https://cdn.example.org\\posts\\a.jpg", {"posts/a.jpg"}),
        ("https:///posts/a.jpg", {"posts/a.jpg"}),
        ("https://mycdn.example.org/posts/a.jpg", set()),
        ("https://cdn.example.org.evil.example/posts/a.jpg", set()),
        ("https://evil.example/@cdn.example.org/posts/a.jpg", set()),
        (f"{CDN}/posts/stories/posts/a", {"posts/stories/posts/a", "stories/posts/a", "posts/a"}),
        ("posts/a%20b", {"posts/a%20b", "posts/a b"}),
        ("posts/a+b", {"posts/a+b", "posts/a b"}),
        ("posts/a+b%20c", {"posts/a+b%20c", "posts/a+b c", "posts/a b c"}),
        ("posts/a?b#c", {"posts/a?b#c", "posts/a"}),
        ("posts/" + "a" * 2000, set()),
    ],
)
def test_what_a_url_refers_to(url: str, found: set[str]) -> None:
    assert references(url) >= found
    assert bool(references(url)) == bool(found)


def test_without_hosts_all_are_ours() -> None:
    assert references("https://elsewhere.example/posts/a.jpg", hosts=()) == {"posts/a.jpg"}


def test_accents_are_the_same_however_they_are_written() -> None:
    composed, apart = "posts/é.jpg", "posts/e\N{COMBINING ACUTE ACCENT}.jpg"
    assert references(composed) == references(apart)
    objects = pd.Series([composed, apart, "posts/e.jpg"])
    assert is_referenced(objects, pd.Series(list(references(apart)))).tolist() == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "key",
    ["posts//a", "posts/", "posts/./a", "posts/../a", "posts/..", "posts/a\\b", "posts/a ",
     "posts/a?versionId=1", "posts/" + "a" * 1020],
)  # fmt: skip
def test_a_key_that_may_be_taken_for_another_is_no_orphan(key: str) -> None:
    objects = pd.DataFrame(
        {
            "object_key": [key, "posts/..a"],
            "size_bytes": 1,
            "modified_at": pd.Timestamp(0, tz="UTC"),
        }
    )
    orphans = find_orphans(objects, pd.Series([], dtype="str"), NOON)
    assert orphans["object_key"].tolist() == ["posts/..a"]


@pytest.mark.parametrize(
    ("objects", "orphans", "is_believed"),
    [(4, 1, True), (3, 1, False), (100, 25, True), (100, 26, False), (1, 0, True)],
)
def test_how_many_orphans_are_believed(objects: int, orphans: int, is_believed: bool) -> None:
    assert (find_doubt(objects, orphans, 1, 0.25) is None) == is_believed


def test_what_is_gone_counts_as_deleted_only_when_it_was_due_and_nothing_refers_to_it() -> None:
    known = pd.DataFrame(
        {
            "object_key": ["posts/due", "posts/new", "posts/needed", "old/due"],
            "size_bytes": 1,
            "first_seen_at": pd.to_datetime([NOON - DAY, NOON - DAY + MINUTE, *[NOON - DAY] * 2]),
            "last_seen_at": pd.Timestamp(NOON - MINUTE),
        }
    )
    objects = known[:0].assign(modified_at=pd.Timestamp(NOON))
    needed = pd.Series(["posts/needed"])
    followed = follow_orphans(objects, objects, known, needed, PREFIXES, NOON)
    assert followed["object_key"].tolist() == ["posts/due"]
    assert followed[["is_gone", "is_due"]].all(axis=None)
    assert followed["last_seen_at"].tolist() == [NOON - MINUTE]
