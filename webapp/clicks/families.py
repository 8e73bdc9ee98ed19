"""What kind of browser and device a user agent tells of, in families: never the agent itself, nor a version.

Browsers are named by ua-parser and then called as people call them; apps that show pages are told by their own names.
Whatever is on no list is nothing: no word of a user agent is kept.
"""

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from ua_parser import BasicResolver, Domain, load_lazy_builtins

from webapp.clicks.counting import LONGEST_USER_AGENT

Device = Literal["phone", "tablet", "desktop", "tv", "other"]

IN_AN_APP = "In-app browser"


class Families(NamedTuple):
    """A browser and a device by their families; None where the user agent does not tell."""

    browser: str | None
    device: Device | None


# Apps whose own browser calls itself by a name that ua-parser does not know; the first that is found.
_APPS = (
    ("LinkedInApp", "LinkedIn"),
    ("Barcelona", "Threads"),
    ("Orca-Android", "Messenger"),
    ("Pinterest/", "Pinterest"),
    ("Viber/", "Viber"),
    ("Outlook-", "Outlook"),
    ("Reddit/", "Reddit"),
    ("Telegram", "Telegram"),
    ("Discord", "Discord"),
    ("HuaweiBrowser/", "Huawei Browser"),
)
# How people call a browser, and what ua-parser says of it.
_NAMES = {
    "Chrome": ("Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chromium", "HeadlessChrome"),
    "Safari": ("Safari", "Mobile Safari"),
    "Firefox": ("Firefox", "Firefox Mobile", "Firefox iOS", "Firefox Focus", "Firefox Klar"),
    "Edge": ("Edge", "Edge Mobile", "Edge Mobile Webview"),
    "Samsung Internet": ("Samsung Internet",),
    "Opera": ("Opera", "Opera Mobile", "Opera Touch", "Opera Mini", "Opera Tablet", "Opera GX", "Opera Neon"),
    "Internet Explorer": ("IE", "IE Mobile", "IE Large Screen"),
    "Android Browser": ("Android", "Android Browser"),
    "Brave": ("Brave",),
    "Cốc Cốc": ("Coc Coc",),
    "DuckDuckGo": ("DuckDuckGo", "DuckDuckGo Mobile"),
    "Ecosia": ("Ecosia iOS", "Ecosia Android"),
    "Mi Browser": ("MiuiBrowser",),
    "QQ Browser": ("QQ Browser", "QQ Browser Mobile"),
    "Silk": ("Amazon Silk",),
    "UC Browser": ("UC Browser",),
    "Vivaldi": ("Vivaldi",),
    "Whale": ("Whale",),
    "Yandex Browser": ("Yandex Browser", "YandexSearch"),
    "Discord": ("Discord",),
    "Facebook": ("Facebook",),
    "Google app": ("Google",),
    "Instagram": ("Instagram",),
    "LINE": ("LINE",),
    "LinkedIn": ("LinkedIn",),
    "Messenger": ("Facebook Messenger", "FacebookMessenger"),
    "Microsoft Teams": ("Microsoft Teams",),
    "Pinterest": ("Pinterest",),
    "Slack": ("Slack Desktop Client",),
    "Snapchat": ("Snapchat",),
    "Telegram": ("Telegram",),
    "TikTok": ("TikTok",),
    "WeChat": ("WeChat Browser", "WeChat"),
    "WhatsApp": ("WhatsApp",),
    "X": ("Twitter",),
    IN_AN_APP: ("Chrome Mobile WebView", "Mobile Safari UI/WKWebView"),
}
_BROWSERS = {said: name for name, all_said in _NAMES.items() for said in all_said}
# In this order: a television may say Android, a tablet may say Mobile, and a telephone that it is like a Mac.
_DEVICES: tuple[tuple[Device, re.Pattern[str]], ...] = (
    ("other", re.compile(r"PlayStation|Xbox|Nintendo|OculusBrowser|\bQuest\b|\bWatch\b")),
    (
        "tv",
        re.compile(
            r"Smart-?TV|SmartHub|Web0S|NetCast|HbbTV|AppleTV|Google ?TV|Android TV|\bTV\b|BRAVIA|CrKey|Roku|Viera"
            r"|(?-i:\bAFT[A-Z])",
            re.IGNORECASE,
        ),
    ),
    ("tablet", re.compile(r"iPad|Tablet(?! PC)|PlayBook|\bKF[A-Z]{2,}|^(?!.*Mobi).*Android")),
    ("phone", re.compile(r"iPhone|iPod|Windows Phone|Mobi|Opera Mini|MIDP|BlackBerry|\bBB10\b|KAIOS|Symbian")),
    ("desktop", re.compile(r"Windows NT|Macintosh|CrOS|X11|Linux")),
)


def families_of(user_agent: str) -> Families:
    """Return what a user agent tells, of its first 1,024 characters. Quick for one that came before."""
    return _families_of(user_agent[:LONGEST_USER_AGENT])


def warm() -> None:
    """Read the patterns of ua-parser now, a tenth of a second, so that no click has to wait for it."""
    families_of("-")


@lru_cache(maxsize=10_000)
def _families_of(user_agent: str) -> Families:
    return Families(_browser_of(user_agent), _device_of(user_agent))


def _browser_of(user_agent: str) -> str | None:
    for mark, name in _APPS:
        if mark in user_agent:
            return name
    found = _resolver()(user_agent, Domain.USER_AGENT).user_agent
    return _BROWSERS.get(found.family) if found else None


def _device_of(user_agent: str) -> Device | None:
    return next((device for device, pattern in _DEVICES if pattern.search(user_agent)), None)


@cache
def _resolver() -> BasicResolver:
    """Browsers alone: form factors are told above, and the patterns of models cost as much again."""
    browsers, _systems, _devices = load_lazy_builtins()
    return BasicResolver((browsers, [], []))
