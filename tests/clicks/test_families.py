"""Which families user agents tell of: those of real browsers, and of whoever sends something else."""

import time

import pytest

from webapp.clicks import families
from webapp.clicks.families import IN_AN_APP, families_of, warm

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
GALAXY = (
    f"Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) {WEBKIT}"
    " Version/4.0 Chrome/122.0.6261.64 Mobile Safari/537.36"
)
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/122.0.0.0 Safari/537.36"

AGENTS = {
    # telephones
    f"{IPHONE} Version/17.3 Mobile/15E148 Safari/604.1": ("Safari", "phone"),
    f"{IPHONE} CriOS/122.0.6261.62 Mobile/15E148 Safari/604.1": ("Chrome", "phone"),
    f"{IPHONE} FxiOS/123.0 Mobile/15E148 Safari/605.1.15": ("Firefox", "phone"),
    f"{IPHONE} EdgiOS/121.0.2277.107 Version/17.0 Mobile/15E148 Safari/604.1": ("Edge", "phone"),
    f"{IPHONE} Version/17.0 Mobile/15E148 Safari/604.1 OPT/4.5.1": ("Opera", "phone"),
    f"{IPHONE} Version/17.3 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15": ("DuckDuckGo", "phone"),
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/122.0.0.0 Mobile Safari/537.36": ("Chrome", "phone"),
    "Mozilla/5.0 (Android 14; Mobile; rv:123.0) Gecko/123.0 Firefox/123.0": ("Firefox", "phone"),
    f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S911B) {WEBKIT} SamsungBrowser/23.0 Chrome/115 Mobile Safari/537": (
        "Samsung Internet",
        "phone",
    ),
    f"Mozilla/5.0 (Linux; Android 10; HD1913) {WEBKIT} Chrome/121.0 Mobile Safari/537.36 EdgA/121.0.2277.138": (
        "Edge",
        "phone",
    ),
    f"Mozilla/5.0 (Linux; Android 10; VOG-L29) {WEBKIT} Chrome/121.0.6167.178 Mobile Safari/537.36 OPR/76.2.4027": (
        "Opera",
        "phone",
    ),
    f"Mozilla/5.0 (Linux; Android 12; JAD-L29) {WEBKIT} Chrome/99.0.4844.88 HuaweiBrowser/14.0.3 Mobile Safari/537": (
        "Huawei Browser",
        "phone",
    ),
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10": ("Opera", "phone"),
    "UCWEB/2.0 (MIDP-2.0; U; Adr 9.0.0; en-US; CPH1909) U2/1.0.0 UCBrowser/10.7.9.856 U2/1.0.0 Mobile": (
        "UC Browser",
        "phone",
    ),
    # apps that show pages
    f"{IPHONE} Mobile/15E148 Instagram 321.0.0.18.118 (iPhone14,5; iOS 17_3; en_US; scale=3.00)": (
        "Instagram",
        "phone",
    ),
    f"{GALAXY} Instagram 321.0.0.39.106 Android (34/14; 480dpi; 1080x2115; samsung; de_DE)": ("Instagram", "phone"),
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBBV/564431005;FBDV/iPhone14,5]": ("Facebook", "phone"),
    f"{GALAXY} [FB_IAB/FB4A;FBAV/450.0.0.44.109;]": ("Facebook", "phone"),
    f"{GALAXY} [FB_IAB/Orca-Android;FBAV/447.0.0.36.108;]": ("Messenger", "phone"),
    f"{IPHONE} Mobile/15E148 [FBAN/MessengerForiOS;FBAV/447.0.0.36.108]": ("Messenger", "phone"),
    f"{IPHONE} Mobile/15E148 musical_ly_2023108030 JsSdk/2.0 BytedanceWebview/d8a21c6": ("TikTok", "phone"),
    f"{GALAXY} trill_330402 JsSdk/1.0 AppName/trill app_version/33.4.2 BytedanceWebview/d8a21c6": ("TikTok", "phone"),
    f"{IPHONE} Mobile/15E148 Snapchat/12.70.0.45 (like Safari/8617.1.17.10.9, panda)": ("Snapchat", "phone"),
    f"{IPHONE} Mobile/15E148 Twitter for iPhone/10.25": ("X", "phone"),
    f"{GALAXY} TwitterAndroid": ("X", "phone"),
    f"{IPHONE} Mobile/15E148 LinkedInApp/9.29.6150": ("LinkedIn", "phone"),
    f"{IPHONE} Mobile/15E148 Barcelona 320.0.0.22.108": ("Threads", "phone"),
    f"{GALAXY} Pinterest/Android": ("Pinterest", "phone"),
    f"{IPHONE} Mobile/15E148 WhatsApp/24.2.75": ("WhatsApp", "phone"),
    f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.31(0x18001f30) NetType/WIFI Language/en": ("WeChat", "phone"),
    f"{GALAXY} Telegram-Android/10.8.1 (Samsung SM-S911B; Android 14; SDK 34; HIGH)": ("Telegram", "phone"),
    f"{GALAXY} Outlook-Android/2.0": ("Outlook", "phone"),
    f"{IPHONE} GSA/304.0.606803138 Mobile/15E148 Safari/604.1": ("Google app", "phone"),
    f"{IPHONE} Mobile/15E148": (IN_AN_APP, "phone"),
    GALAXY: (IN_AN_APP, "phone"),
    # tablets
    f"{IPAD} Version/17.3 Mobile/15E148 Safari/604.1": ("Safari", "tablet"),
    f"Mozilla/5.0 (Linux; Android 13; SM-X906C) {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Safari/537.36": (
        "Samsung Internet",
        "tablet",
    ),
    "Mozilla/5.0 (Android 14; Tablet; rv:123.0) Gecko/123.0 Firefox/123.0": ("Firefox", "tablet"),
    f"Mozilla/5.0 (Linux; Android 11; KFTRWI) {WEBKIT} Silk/118.2.2 like Chrome/118.0.5993.111 Safari/537.36": (
        "Silk",
        "tablet",
    ),
    # desktops
    WINDOWS: ("Chrome", "desktop"),
    f"{WINDOWS} Edg/122.0.2365.52": ("Edge", "desktop"),
    f"{WINDOWS} OPR/107.0.0.0": ("Opera", "desktop"),
    f"{WINDOWS} Vivaldi/6.6": ("Vivaldi", "desktop"),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:123.0) Gecko/20100101 Firefox/123.0": ("Firefox", "desktop"),
    "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko": ("Internet Explorer", "desktop"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_3) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3 Safari/605": (
        "Safari",
        "desktop",
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": ("Firefox", "desktop"),
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/122.0.0.0 Safari/537.36": ("Chrome", "desktop"),
    # what stands in a living room
    f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) {WEBKIT} 94.0.4606.31/7.0 TV Safari/537.36": ("Safari", "tv"),
    f"Mozilla/5.0 (Linux; Android 9; AFTMM; wv) {WEBKIT} Version/4.0 Chrome/110.0.5481.65 Mobile Safari/537.36": (
        IN_AN_APP,
        "tv",
    ),
    "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605": (
        "Safari",
        "other",
    ),
}


@pytest.mark.parametrize(
    ("user_agent", "told"), AGENTS.items(), ids=[f"{number} {told}" for number, told in enumerate(AGENTS.values())]
)
def test_a_real_browser_is_told_by_its_families(user_agent, told):
    assert families_of(user_agent) == told


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        " ",
        "-",
        "\x00\r\n",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "ada@example.com",
        "x" * 5000,
        "\ud800\udfff",
    ],
)
def test_of_what_is_no_browser_nothing_is_told(user_agent):
    assert families_of(user_agent) == (None, None)


def test_no_word_of_an_agent_is_kept_but_names_of_the_lists():
    told = families_of("Mozilla/5.0 (Windows NT 10.0) ada@example.com/1.0 SecretBrowser/3.1 MyOwnBot/2")
    assert told.browser is None
    assert told.device == "desktop"


def test_only_the_beginning_of_an_agent_is_read_and_what_came_before_is_remembered():
    warm()
    families._families_of.cache_clear()
    for number in range(50):
        assert families_of(WINDOWS + " " + "x" * 1024 + str(number)) == ("Chrome", "desktop")
    assert families._families_of.cache_info().currsize == 1


@pytest.mark.parametrize("part", ["a;", "(", "Android ", "Version/4.0 ", "FBAN/ [", "1.", "Mozilla/5.0 (Linux; "])
def test_no_agent_takes_long_to_read(part):
    warm()
    began = time.perf_counter()
    families_of(part * 1024)
    assert time.perf_counter() - began < 0.5
