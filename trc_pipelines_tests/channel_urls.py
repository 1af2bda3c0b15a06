"""Where alerts go is a secret by itself: what `make check` looks for beside what detect-secrets knows."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class ChannelUrlDetector(RegexBasedDetector):
    """Webhooks of Discord, as a URL or as Apprise writes them, and DSNs of Sentry."""

    secret_type = "URL of an alert channel"
    denylist = (
        re.compile(r"(?:discord(?:app)?\.com/api/webhooks/|discord://)\d{17,20}/([\w-]{40,})"),
        re.compile(r"https?://([0-9a-f]{32})@"),
    )
