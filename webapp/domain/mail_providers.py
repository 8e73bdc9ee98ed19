"""Which domains of e-mail addresses strangers share. On any other, two people know each other: a family, a firm."""

import re

from webapp.domain.mailbox import folds

# By the hand of people who know their country; a provider that is missing only makes two strangers look related.
_ALL_OVER = """
aim.com aol.com duck.com email.com fastmail.com foxmail.com gmx.com gmx.net hey.com hushmail.com inbox.com lycos.com
mail.com mozmail.com myyahoo.com passport.com privaterelay.appleid.com rocketmail.com runbox.com tuta.com tuta.io
tutamail.com tutanota.com usa.com vivaldi.net zoho.com zoho.eu zoho.in zohomail.com zohomail.eu
"""
_EUROPE = """
abv.bg alice.it arcor.de bbox.fr bigmir.net blueyonder.co.uk bluewin.ch bol.com bredband.net btinternet.com
btopenworld.com centrum.cz centrum.sk chello.at chello.nl citromail.hu eircom.net email.cz email.de email.it free.fr
freemail.hu freenet.de freeserve.co.uk gmx.at gmx.ch gmx.de gmx.fr home.nl home.pl hetnet.nl i.ua inbox.lt
inbox.lv inet.hu interia.eu interia.pl iol.it kolumbus.fi kpnmail.nl kpnplanet.nl laposte.net libero.it luukku.com
mail.bg mail.de mail.dk mail.ee mail.pf meta.ua mweb.co.za mynet.com neuf.fr ntlworld.com numericable.fr o2.co.uk
o2.pl o2online.de online.de online.no onet.eu onet.pl op.pl optimum.net orange.es orange.fr planet.nl
poczta.fm poczta.onet.pl posteo.de posteo.net post.cz proximus.be quicknet.nl sapo.pt scarlet.be seznam.cz sfr.fr
sky.com skynet.be spray.se sunrise.ch suomi24.fi t-online.de t-online.hu talktalk.net telenet.be telia.com telfort.nl
terra.es tin.it tiscali.co.uk tiscali.it tlen.pl tvcablenet.be ukr.net upcmail.nl virgilio.it virginmedia.com
vodafone.de vodafone.it volny.cz voo.be wanadoo.es wanadoo.fr web.de wp.pl xs4all.nl zeelandnet.nl ziggo.nl zonnet.nl
"""
_RUSSIA = "bk.ru inbox.ru internet.ru list.ru mail.ru pochta.ru rambler.ru ro.ru xmail.ru"
_AMERICAS = """
att.net bell.net bellsouth.net bol.com.br cableone.net charter.net comcast.net cox.net earthlink.net frontier.com
globo.com globomail.com ig.com.br juno.com mindspring.com netzero.net oi.com.br optonline.net pacbell.net prodigy.net
prodigy.net.mx r7.com roadrunner.com rogers.com rr.com sbcglobal.net shaw.ca sympatico.ca telus.net terra.com.br
uol.com.br verizon.net videotron.ca windstream.net zipmail.com.br
"""
_ASIA_AND_OCEANIA = """
126.com 139.com 163.com 163.net 188.com 189.cn 21cn.com aliyun.com au.com bigpond.com bigpond.net.au biglobe.ne.jp
daum.net docomo.ne.jp ezweb.ne.jp hanmail.net i.softbank.jp iinet.net.au indiatimes.com kakao.com nate.com naver.com
nifty.com ocn.ne.jp optusnet.com.au qq.com rediff.com rediffmail.com sina.cn sina.com sina.com.cn singnet.com.sg
softbank.ne.jp sohu.com tom.com tpg.com.au vip.163.com vip.qq.com walla.co.il walla.com xtra.co.nz yeah.net
"""
_SHARED = frozenset(f"{_ALL_OVER} {_EUROPE} {_RUSSIA} {_AMERICAS} {_ASIA_AND_OCEANIA}".split())
# In every country, as Yahoo is: hotmail.co.uk, outlook.com.br, live.nl, msn.com.
_OF_MICROSOFT = re.compile(r"(?:hotmail|outlook|live|msn|windowslive)\.(?:[a-z]{2,3}|com?\.[a-z]{2})")
_OF_AOL = re.compile(r"aol\.(?:[a-z]{2}|com?\.[a-z]{2})")
# Universities and schools: a campus has thousands of people.
_CAMPUS = re.compile(r"(?:.+\.)?(?:edu|edu\.[a-z]{2}|ac\.[a-z]{2}|sch\.[a-z]{2})")
_PATTERNS = (_OF_MICROSOFT, _OF_AOL, _CAMPUS)


def strangers_share(domain: str) -> bool:
    """Say whether two people at a domain, spelt as after mailbox.mailbox_key, may never have heard of each other."""
    return domain in _SHARED or folds(domain) or any(pattern.fullmatch(domain) for pattern in _PATTERNS)
