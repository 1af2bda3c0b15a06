"""What `make install` tells uv, which knows nothing of pip's settings."""

import hashlib

import pytest

import bootstrap

LISTED = """\
:env:.cert='/etc/ssl/ours.pem'
:env:.disable-pip-version-check='1'
global.cert='/etc/ssl/theirs.pem'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/opt/wheels\\n/opt/more'
global.index-url='https://mirror.example/simple'
global.timeout='60'
install.trusted-host='mirror.example'
"""


def test_uv_gets_packages_from_where_pip_does() -> None:
    assert bootstrap.settings_of_uv(LISTED) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_INSECURE_HOST": "mirror.example",
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
    }


def test_uv_is_installed_as_the_lock_has_it_and_with_its_hashes_alone() -> None:
    pinned = bootstrap.pinned_uv(bootstrap.LOCK.read_text()).splitlines()
    assert pinned[0].startswith("uv==")
    assert len(pinned) > 10
    assert all(line.strip().startswith("--hash=sha256:") for line in pinned[1:])
    assert all(line.endswith(" \\") for line in pinned[:-1])
    length = len(hashlib.sha256().hexdigest())
    assert {len(line.partition("sha256:")[2].split()[0]) for line in pinned[1:]} == {length}


@pytest.mark.parametrize("fails_at", [0, 2, 3])
def test_what_uv_cannot_install_pip_does(monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    calls: list[list[str]] = []

    class Ended:
        stdout = ""

        def __init__(self, returncode: int) -> None:
            self.returncode = returncode

    def run(command: list[str], **_: object) -> Ended:
        calls.append(command)
        return Ended(int(len(calls) - 1 == fails_at))

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    assert not bootstrap.install_by_uv(["locks/celery.lock"])
    assert len(calls) == fails_at + 1
    bootstrap.install_by_pip(["locks/celery.lock"])
    assert [call[1:4] for call in calls[-2:]] == [["-m", "pip", "install"]] * 2
    hashed = [
        "--require-hashes",
        "--requirement=requirements.lock",
        "--requirement=locks/celery.lock",
    ]
    assert calls[-2][-3:] == hashed
    if fails_at >= 2:
        assert calls[2][-3:] == hashed
