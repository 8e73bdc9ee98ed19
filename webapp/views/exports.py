"""A person's own data as one file to take away: JSON that is complete, the same as tables, and words about both."""

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from webapp.queries.exports import Plain, Tables
from webapp.views.csv import BYTE_ORDER_MARK, Cell, csv_lines

# What each table holds, for whoever opens the file.
ABOUT = {
    "account": "Your account.",
    "signup": "Your signup, and why somebody was credited for it or nobody.",
    "touches": "What was weighed for that: links you opened and codes you typed.",
    "clicks": "Links that the browser opened with which you signed up.",
    "links": "Your links.",
    "coupon_codes": "Coupon codes that count for you.",
    "link_days": "What came of your links, day by day.",
    "friends": "Who joined through you, as your own pages show them: first name and initial.",
    "events": "What you did, as the shop reported it: orders and the like.",
    "refunds": "What of that went back.",
    "rewards": "Your rewards. Amounts are in the smallest unit of the currency, as cents.",
    "reward_history": "What happened to each of them, in order.",
    "coupons": "Coupons that were handed out to you.",
    "credit_spent": "Store credit that you spent.",
    "ledger": "Every entry of the ledger about you.",
    "appeals": "What you answered to decisions.",
    "checks": "When your signup was checked, and of what kind the question was.",
    "stops": "When your rewards were stopped, and let go on.",
    "sign_ins": "Browsers that were signed in.",
    "seen": "Where you were seen in the last two weeks. Addresses are kept as hashes only, which tell nothing.",
    "mails": "Mails to you; their words are not kept.",
    "former_mailboxes": "Mailboxes that were yours here before, in their plainest spelling.",
    "mailed_links": "Links that were mailed to you.",
    "sign_in_links": "Links of the shop's own site that sign you in.",
    "acts": "What you did as one of those who run the program.",
}
_README = """Everything that {program} keeps about you in its referral program, as of {at}.

data.json         all of it in one file
tables/NAME.csv   the same as tables for a spreadsheet; there is none of what nothing is kept of

Moments are in UTC. Nothing of anybody else is in here: friends stand as on your own pages, and those who decided about
something are not named. What is not in here is not kept, or cannot be read: your password and the secrets of your
sign-ins are kept as hashes only. Notes that those who run the program wrote for themselves are not in here; ask them.

"""
_HELD_BACK = """Your e-mail address is not confirmed yet, so that the shop may have meant somebody else. What it
reported is not in here: events, refunds, coupons, credit_spent and its own id of you. Confirm your
address, and take this file again.

"""
# The same data gives the same file.
_BEGINNING = (1980, 1, 1, 0, 0, 0)


def zip_of(tables: Tables, *, program: str, at: str, is_held_back: bool = False) -> bytes:
    """Return the file. `at` is the moment of the data, as it is to be read.

    `is_held_back` says that the tables come without what was reported.
    """
    about = "".join(f"{name:16}  {words}\n" for name, words in ABOUT.items())
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        _add(file, "README.txt", _README.format(program=program, at=at) + (_HELD_BACK if is_held_back else "") + about)
        _add(file, "data.json", json.dumps(tables, ensure_ascii=False, indent=1) + "\n")
        for name, rows in tables.items():
            if rows:
                header = list(rows[0])
                cells = [[_cell(row[column]) for column in header] for row in rows]
                _add(file, f"tables/{name}.csv", BYTE_ORDER_MARK + csv_lines([header, *cells]))
    return buffer.getvalue()


def _add(file: ZipFile, name: str, text: str) -> None:
    info = ZipInfo(name, _BEGINNING)
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
    file.writestr(info, text)


def _cell(value: Plain) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
