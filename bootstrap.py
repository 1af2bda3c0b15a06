"""Install exactly what requirements.lock says beside the Python that runs this: `make install`.

Further locks that are named are installed with it: `python bootstrap.py locks/celery.lock`.

uv does in seconds what takes pip a minute. pip knows where this machine gets packages from, and
fetches uv from there. uv reads no pip.conf, so it is told. Where uv fails pip does all of it.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements.lock")
PIP = [sys.executable, "-m", "pip"]
QUIETLY = ["--quiet", "--disable-pip-version-check"]
HERE = ["--no-deps", "--no-build-isolation", "--editable", "."]
# What pip calls it, what uv does, and what uv puts between several.
NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "client-cert": ("SSL_CLIENT_CERT", " "),
    "proxy": ("ALL_PROXY", " "),
    "keyring-provider": ("UV_KEYRING_PROVIDER", " "),
}
SECTIONS = ("global", "install", ":env:")  # the last one counts


def settings_of_uv(listed: str) -> dict[str, str]:
    """Say to uv by its environment what `pip config list` says of pip."""
    # As pip does: of all indexes the best. What does not have the hash of the lock is refused anyway.
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for section in SECTIONS:
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.+)$", listed, re.M):
            if name in NAMES:
                theirs, between = NAMES[name]
                settings[theirs] = between.join(ast.literal_eval(value).split())
    return settings


def pinned_uv(lock: str) -> str:
    """Take uv out of the lock, with its hashes."""
    found = re.search(r"^uv==(?:.*\\\n)*.*$", lock, re.M)
    assert found, f"{LOCK} has no uv; make lock"
    return found[0]


def locked(further: list[str]) -> list[str]:
    """Ask for what the locks say, and for nothing without a hash."""
    return ["--require-hashes", *(f"--requirement={lock}" for lock in (LOCK, *further))]


def install_by_uv(further: list[str]) -> bool:
    """Install by uv; False when it did not go well."""
    only_uv = ["install", *QUIETLY, "--no-deps", "--require-hashes", "--requirement", "/dev/stdin"]
    pinned = pinned_uv(LOCK.read_text(encoding="utf-8"))
    if subprocess.run([*PIP, *only_uv], input=pinned, text=True, check=False).returncode:
        return False
    listed = subprocess.run([*PIP, "config", "list"], stdout=-1, text=True, check=True).stdout
    # A person who has told uv something knows better.
    environment = settings_of_uv(listed) | os.environ
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet"]
    uv += ["--python", sys.executable]
    return not any(
        subprocess.run([*uv, *what], env=environment, check=False).returncode
        for what in (locked(further), HERE)
    )


def install_by_pip(further: list[str]) -> None:
    """Install by pip, or end with what it says."""
    for what in (locked(further), HERE):
        subprocess.run([*PIP, "install", *QUIETLY, *what], check=True)


if __name__ == "__main__":
    locks = sys.argv[1:]
    if not install_by_uv(locks):
        print("uv could not install it; pip does, which takes a minute", file=sys.stderr)
        try:
            install_by_pip(locks)
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
