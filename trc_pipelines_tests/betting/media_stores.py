"""An app with its media, in a folder or a bucket."""

import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pandas as pd

from trc_pipelines.betting.jobs import MEDIA_CLEANUP
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.world import NOON, World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PREFIXES = ("posts", "stories", "messages", "avatars", "chats")
CDN = "https://cdn.example.org/media"


class Folder:
    """Objects in a folder, uploaded at noon."""

    uploaded_at = NOON

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.settings = {"media_url": str(path)}

    def put(self, key: str, at: float = NOON.timestamp()) -> None:
        path = self.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("picture")
        os.utime(path, (at, at))

    def remove(self, key: str) -> None:
        (self.path / key).unlink()

    def keys(self) -> set[str]:
        found = (path for path in self.path.rglob("*") if path.is_file())
        return {path.relative_to(self.path).as_posix() for path in found}


class Bucket:
    """Objects below a prefix of a bucket, uploaded about now."""

    def __init__(self, endpoint: str) -> None:
        self.name = f"b{uuid.uuid4().hex}"
        self.client = boto3.client("s3", endpoint_url=endpoint)
        self.client.create_bucket(Bucket=self.name)
        self.client.put_object(Bucket=self.name, Key="posts/of-another-app.jpg", Body=b"")
        self.settings = {"media_url": f"s3://{self.name}/app", "media_endpoint_url": endpoint}
        self.uploaded_at = datetime.now(UTC)

    def put(self, key: str) -> None:
        self.client.put_object(Bucket=self.name, Key=f"app/{key}", Body=b"picture")

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"app/{key}")

    def keys(self) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = {item["Key"] for page in pages for item in page.get("Contents", [])}
        assert "posts/of-another-app.jpg" in found
        return {key.removeprefix("app/") for key in found if key.startswith("app/")}


class App(World):
    """An app with its media; twenty pictures that posts refer to, all older than a week."""

    def __init__(self, world: World, store: Folder | Bucket) -> None:
        super().__init__(world.database, world.settings, world.simulator)
        self.store = store
        self.change(**store.settings, media_base_urls=(CDN,))
        self.start = store.uploaded_at + 8 * DAY
        for number in range(20):
            store.put(f"posts/{number}.jpg")
        self.execute(
            "INSERT INTO betting.posts (id, user_id, media_url) SELECT gen_random_uuid(), "
            f"gen_random_uuid(), '{CDN}/posts/' || n || '.jpg' FROM generate_series(0, 19) AS n"
        )

    def change(self, **values: object) -> None:
        self.settings = self.settings.model_copy(update=values)

    def insert(self, table: str, **values: object) -> None:
        values = {"id": uuid.uuid4(), **values}
        texts = ("'" + str(value).replace("'", "''") + "'" for value in values.values())
        self.execute(
            f"INSERT INTO betting.{table} ({', '.join(values)}) VALUES ({', '.join(texts)})"
        )

    def post(self, media_url: str, **values: object) -> None:
        self.insert("posts", user_id=uuid.uuid4(), media_url=media_url, **values)

    def clean(self, as_of: datetime, **options: object) -> Result:
        return self.run(MEDIA_CLEANUP, as_of, **options)["betting.media_orphans"]

    def clean_twice(self) -> Result:
        """The second run comes a day later."""
        self.clean(self.start)
        return self.clean(self.start + DAY)

    def left(self) -> set[str]:
        """What is there besides the twenty."""
        return self.store.keys() - {f"posts/{number}.jpg" for number in range(20)}

    def records(self) -> dict[str, tuple[float, float | None]]:
        """By key: hours from the start to when it was first seen, and to when it was deleted."""
        rows = self.query("SELECT object_key, first_seen_at, deleted_at FROM betting.media_orphans")
        start = pd.Timestamp(self.start)

        def hours(time: object) -> float | None:
            return None if pd.isna(time) else (pd.Timestamp(time) - start) / HOUR

        return {key: (hours(seen), hours(gone)) for key, seen, gone in rows.to_numpy()}
