"""Which user agents are people, and which are programs that only look at a link."""

import pytest

from webapp.clicks.counting import LONGEST_USER_AGENT, is_bot, why_not_counted

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/122.0.6261.64 Mobile Safari/537.36"
)
PEOPLE = {
    "Firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Chrome": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari",
    "Internet Explorer": "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; rv:11.0) like Gecko",
    "Opera Mini": "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10",
    "UC Browser": "UCWEB/2.0 (MIDP-2.0; U; Adr 9.0.0; en-US; CPH1909) U2/1.0.0 UCBrowser/10.7.9.856 U2/1.0.0 Mobile",
    "WhatsApp on Android": f"{ANDROID} WhatsApp/2.24.3.81",
    "WhatsApp on iOS": f"{IPHONE} Mobile/15E148 WhatsApp/24.2.75",
    "Viber": f"{IPHONE} Mobile/15E148 Viber/21.9.0",
    "Instagram on Android": f"{ANDROID} Instagram 321.0.0.39.106 Android (34/14; 480dpi; 1080x2115; samsung; de_DE)",
    "Instagram on iOS": f"{IPHONE} Mobile/15E148 Instagram 321.0.0.18.118 (iPhone14,5; iOS 17_3; en_US; scale=3.00)",
    "Facebook": f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBBV/564431005;FBDV/iPhone14,5;FBSN/iOS]",
    "Outlook on iOS": f"{IPHONE} Mobile/21C62 Outlook-iOS/709.2189947.prod.iphone (4.2402.0)",
    "Outlook on Android": f"{ANDROID} Outlook-Android/2.0",
    "Teams": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Teams/24004.1307.2669.7070 Electron/22",
    "TikTok": f"{IPHONE} Mobile/15E148 musical_ly_2023108030 JsSdk/2.0 NetType/WIFI BytedanceWebview/d8a21c6",
    "LinkedIn": f"{IPHONE} Mobile/15E148 LinkedInApp/9.29.6150",
    "WeChat": f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.31(0x18001f30) NetType/WIFI Language/en",
    "a telephone called Cubot": "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/122.0 Mobile",
    "an old browser with Java": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Java/1.6)",
    "the longest one that is read": (ANDROID + " " + "x" * LONGEST_USER_AGENT)[:LONGEST_USER_AGENT],
}
PROGRAMS = {
    "nobody": "",
    "a blank": " \t",
    "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Googlebot without a slash": "Googlebot",
    "a bot nobody knows": "Mozilla/5.0 (compatible; NeverSeenBot; +https://never.example)",
    "a crawler nobody knows": "NeverSeen-Crawler",
    "WhatsApp's preview": "WhatsApp/2.23.20.0",
    "WhatsApp's preview with a system": "WhatsApp/2.24.3.81 A",
    "Viber's preview": "Viber/13.3.0.5",
    "Barracuda": "Barracuda Sentinel (EE)",
    "Mimecast": "Mozilla/5.0 (compatible; Mimecast)",
    "Proofpoint": "Mozilla/5.0 (Windows NT 10.0) Proofpoint URL Defense",
    "Word": "Microsoft Office Word/16.0.4266",
    "Outlook for desktops": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
    "Office asks who is there": "Microsoft Office Existence Discovery",
    "Office in a browser's clothes": "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; ms-office)",
    "Office with its number": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Java": "Java/17.0.1",
    "Java's client": "Java-http-client/17.0.1",
    "Postman": "PostmanRuntime/7.32.2",
    "Deno": "Deno/1.40.0",
    "Guzzle": "GuzzleHttp/7",
    "undici": "undici",
    "Node": "node",
    "Bun": "Bun/1.0.25",
    "Ruby": "Ruby",
    "Faraday": "Faraday v2.7.4",
    "PHP": "PHP/8.1.2",
    "WinHTTP": "WinHttp.WinHttpRequest.5",
    "Dart": "Dart/3.0 (dart:io)",
    "Rust": "reqwest/0.11.24",
    "curl": "curl/8.5.0",
    "Python": "python-requests/2.31.0",
    "urllib3": "urllib3/2.2.0",
    "a name at the end": ("Mozilla/5.0 " + "x" * LONGEST_USER_AGENT)[: LONGEST_USER_AGENT - 13] + " Googlebot/2.1",
    "what is longer than any browser's": ANDROID + " " + "x" * LONGEST_USER_AGENT,
}


def why_not(user_agent, **environ):
    return why_not_counted({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": user_agent, **environ})


@pytest.mark.parametrize("user_agent", PEOPLE.values(), ids=PEOPLE)
def test_people_count(user_agent):
    assert why_not(user_agent) is None


@pytest.mark.parametrize("user_agent", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_do_not_count(user_agent):
    assert why_not(user_agent) == "bot"


def test_an_agent_of_any_length_is_judged_quickly():
    # No verdict of it is kept either, or whoever sends the longest ones would fill the memory.
    is_bot.cache_clear()
    assert why_not("x" * 1_000_000) == "bot"
    assert is_bot.cache_info().currsize == 0


# Sec-Fetch-Dest and Sec-Fetch-Mode of everything that a page can load without anybody going there.
HIDDEN = [
    *[(wanted_for, "navigate") for wanted_for in ("iframe", "frame", "fencedframe", "object", "embed")],
    *[(wanted_for, "no-cors") for wanted_for in ("image", "script", "style", "audio", "video", "track", "font")],
    *[("empty", mode) for mode in ("cors", "no-cors", "same-origin")],
    *[(wanted_for, "same-origin") for wanted_for in ("worker", "serviceworker", "manifest")],
    ("something new", "cors"),
]


@pytest.mark.parametrize(("wanted_for", "mode"), HIDDEN)
def test_what_a_page_loads_by_itself_is_hidden(wanted_for, mode):
    said = {"HTTP_SEC_FETCH_DEST": wanted_for, "HTTP_SEC_FETCH_MODE": mode, "HTTP_SEC_FETCH_USER": "?1"}
    assert why_not(PEOPLE["Firefox"], **said) == "hidden"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"HTTP_SEC_FETCH_DEST": "document", "HTTP_SEC_FETCH_MODE": "navigate", "HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_DEST": "document"},
        {"HTTP_SEC_FETCH_DEST": "empty", "HTTP_SEC_FETCH_MODE": "navigate"},
    ],
    ids=["an old browser", "a browser", "one that says little", "a download"],
)
def test_whoever_goes_there_counts(said):
    assert why_not(PEOPLE["Firefox"], **said) is None


def test_the_reasons_have_an_order():
    everything = {"HTTP_SEC_PURPOSE": "prefetch;prerender", "HTTP_SEC_FETCH_DEST": "iframe"}
    assert why_not("Googlebot", **everything, REQUEST_METHOD="HEAD") == "head"
    assert why_not("Googlebot", **everything) == "prefetch"
    assert why_not("Googlebot", HTTP_SEC_FETCH_DEST="iframe") == "hidden"
    for header in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"):
        assert why_not(PEOPLE["Firefox"], **{header: "Preview"}) == "prefetch"
        assert why_not(PEOPLE["Firefox"], **{header: "something else"}) is None
