"""The media store: a folder, or a bucket of an S3-compatible server. Listed, and deleted from."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]
import pandas as pd

from trc_pipelines.jobs.contract import JobError
from trc_pipelines.settings import Settings

CONNECT_SECONDS, READ_SECONDS = 5, 15
_INFO = ["name", "size", "LastModified", "mtime"]  # S3 has the third, a folder the last, in seconds


class StoreError(Exception):
    """The store refuses or does not answer. The message holds no address and no credentials."""


@dataclass(frozen=True)
class ObjectStore:
    """Objects below a root. Their keys are paths from there, always with "/".

    Attributes:
        root: absolute folder without symbolic links, or bucket/prefix.
        hosts: by which URLs reach the objects without a CDN.
        errors: what its client raises.
    """

    files: Any
    root: str
    hosts: tuple[str, ...]
    errors: tuple[type[Exception], ...]

    def list_objects(self, prefixes: Sequence[str]) -> pd.DataFrame:
        """List all objects below the prefixes, each prefix once. Links are no objects.

        Returns:
            object_key (unique), size_bytes, modified_at (UTC, NULL when unknown).

        Raises:
            StoreError: a part cannot be listed.
        """
        try:
            found = [
                [info.get(column) for column in _INFO]
                for prefix in prefixes
                for info in self._list(f"{self.root}/{prefix}")
                # The path itself, where it is an object, is not below itself.
                if info["name"].startswith(f"{self.root}/{prefix}/") and _is_text(info["name"])
            ]
        except self.errors as error:
            raise _store_error(error) from None
        listed = pd.DataFrame(found, columns=_INFO)
        seconds = listed["mtime"].astype("float64")
        # 1970 is what copies say that lost the time.
        mtime = pd.to_datetime(seconds.where(seconds > 0), unit="s", utc=True, errors="coerce")
        objects = pd.DataFrame(
            {
                "object_key": listed["name"].astype("str").str.removeprefix(f"{self.root}/"),
                "size_bytes": listed["size"].astype("int64"),
                "modified_at": pd.to_datetime(listed["LastModified"], utc=True).fillna(mtime),
            }
        )
        return objects.drop_duplicates("object_key", ignore_index=True)

    def delete(self, key: str) -> None:
        """Delete an object. One that is gone already is fine.

        Raises:
            StoreError: it may still be there.
        """
        path = f"{self.root}/{key}"
        try:
            if self._is_folder and os.path.realpath(path) != path:
                raise StoreError("it leads outside")
            # Not `rm`, which would take the key for a pattern.
            self.files.rm_file(path)
        except FileNotFoundError:
            return
        except self.errors as error:
            raise _store_error(error) from None

    @property
    def _is_folder(self) -> bool:
        return self.root.startswith("/")

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        if not self._is_folder:
            found = self.files.find(path, detail=True).values()
            yield from (info for info in found if info["type"] == "file")
            return
        # A link is neither file nor folder to `ls`, except as the path itself. Not `find`, which
        # leaves out what it cannot read.
        is_there = os.path.realpath(path) == path and os.path.isdir(path)
        folders = [path] if is_there else []
        while folders:
            for info in self.files.ls(folders.pop(), detail=True):
                if info["type"] == "directory":
                    folders.append(info["name"])
                elif info["type"] == "file":
                    yield info


def open_store(settings: Settings) -> ObjectStore:
    """Open the store of MEDIA_URL, by default the folder `media` in TRC_HOME. Nothing is sent yet.

    Credentials and region of S3 are where AWS's own tools look for them: AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, ~/.aws, or the machine's role.

    Raises:
        JobError: s3fs is needed and not installed.
    """
    url = settings.media_url or str(settings.trc_home / "media")
    if not url.startswith("s3://"):
        return ObjectStore(fsspec.filesystem("file"), os.path.realpath(url), (), (OSError,))
    try:
        import botocore.exceptions as aws  # type: ignore[import-untyped]

        files = fsspec.filesystem(
            "s3",
            endpoint_url=settings.media_endpoint_url,
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"max_attempts": 0},  # s3fs tries again by itself
            },
            # A listing of yesterday would be worse than none.
            use_listings_cache=False,
            skip_instance_cache=True,
        )
    except ImportError as error:
        raise JobError("MEDIA_URL is s3://, but s3fs is not installed: pip install s3fs") from error
    root = url.removeprefix("s3://")
    endpoint = urlsplit(settings.media_endpoint_url or "").hostname or "amazonaws.com"
    errors = (OSError, aws.BotoCoreError, aws.ClientError)
    return ObjectStore(files, root, (root.partition("/")[0], endpoint), errors)


def _store_error(error: Exception) -> StoreError:
    # The class alone: messages show addresses and keys.
    return StoreError(type(error).__name__)


def _is_text(name: str) -> bool:
    """Whether the database can hold it. What cannot be recorded is not touched."""
    try:
        return "\0" not in name and bool(name.encode())
    except UnicodeEncodeError:
        return False
