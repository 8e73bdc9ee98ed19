"""Reward rules in words: what one says, and what a version says differently from another."""

from dataclasses import dataclass

from webapp.domain.money import Money
from webapp.domain.registry import RewardRule, kind_of, plain_settings
from webapp.domain.rules import REWARDS, RuleDefinition, Side
from webapp.domain.sentences import N_, NN_, Moment, Sentence, counted

# What starts a rule, as a form offers it after "When a friend …".
TRIGGERS = {"signup": N_("joins"), "purchase": N_("makes a purchase"), "renewal": N_("renews")}
SIDE_LABELS: dict[Side, str] = {"referrer": N_("the referrer"), "friend": N_("the friend")}
REWARD_LABELS = {
    "cash": N_("Money"),
    "credit": N_("Store credit"),
    "coupon": N_("A coupon"),
    "custom": N_("Something else, handed over by a person"),
}

_SAYS = {
    ("signup", "referrer"): N_("When a friend joins, the referrer gets %(what)s."),
    ("signup", "friend"): N_("When a friend joins, the friend gets %(what)s."),
    ("purchase", "referrer"): N_("When a friend makes a purchase, the referrer gets %(what)s."),
    ("purchase", "friend"): N_("When a friend makes a purchase, the friend gets %(what)s."),
    ("renewal", "referrer"): N_("When a friend renews, the referrer gets %(what)s."),
    ("renewal", "friend"): N_("When a friend renews, the friend gets %(what)s."),
    ("", "referrer"): N_("When “%(type)s” is reported of a friend, the referrer gets %(what)s."),
    ("", "friend"): N_("When “%(type)s” is reported of a friend, the friend gets %(what)s."),
}
_GETS: dict[Side, str] = {
    "referrer": N_("The referrer gets %(what)s"),
    "friend": N_("The friend gets %(what)s"),
}
_WHEN = {
    "signup": N_("When a friend joins"),
    "purchase": N_("When a friend makes a purchase"),
    "renewal": N_("When a friend renews"),
}
_HOLD = NN_("Held for one day", "Held for %(days)s days")


@dataclass(frozen=True, slots=True)
class Part:
    """What a rule says about one thing. `label` names the thing in a list, for translation."""

    label: str
    says: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is said differently about one thing: what no longer holds, and what holds now."""

    label: str
    gone: tuple[Sentence, ...]
    new: tuple[Sentence, ...]


def reward_words(settings: RewardRule) -> Sentence | Money:
    """Say what a rule pays, in the middle of a sentence: by its kind's `in_words`, else by its settings."""
    if hasattr(settings, "in_words"):
        words: Sentence | Money = settings.in_words()
        return words
    return _settings(settings)


def rule_sentence(rule: RuleDefinition) -> Sentence:
    """Say in one sentence who gets what for what."""
    known = rule.trigger if rule.trigger in TRIGGERS else ""
    return Sentence(_SAYS[known, rule.beneficiary], {"what": _given(rule), "type": rule.trigger})


def conditions_of(rule: RuleDefinition) -> tuple[Sentence, ...]:
    """Say each condition; those of which one is enough say so, when there are several."""
    if rule.when is None:
        return ()
    some = tuple(condition.in_words() for condition in rule.when.any_of)
    if len(some) > 1:
        some = tuple(Sentence(N_("One of several: %(condition)s"), {"condition": words}) for words in some)
    return (*(condition.in_words() for condition in rule.when.all_of), *some)


def limits_of(rule: RuleDefinition) -> tuple[Sentence, ...]:
    """Say each limit."""
    return tuple(limit.in_words() for limit in rule.limits.each) if rule.limits else ()


def hold_of(rule: RuleDefinition) -> Sentence:
    """Say how long rewards are held."""
    if rule.hold_days is None:
        return Sentence(N_("Held as long as the program says"))
    if rule.hold_days == 0:
        return Sentence(N_("Not held: ready at once"))
    return counted(_HOLD, rule.hold_days, {"days": rule.hold_days})


def dates_of(rule: RuleDefinition) -> tuple[Sentence, ...]:
    """Say from when and until when a rule pays; nothing for one without dates."""
    starts = Sentence(N_("From %(moment)s"), {"moment": Moment(rule.starts_at)}) if rule.starts_at else None
    ends = Sentence(N_("Until before %(moment)s"), {"moment": Moment(rule.ends_at)}) if rule.ends_at else None
    return tuple(end for end in (starts, ends) if end is not None)


def group_of(rule: RuleDefinition) -> tuple[Sentence, ...]:
    """Say of which rules only one pays; nothing for one that pays beside all others."""
    if rule.exclusive is None:
        return ()
    words = N_("Of the rules in “%(group)s” only the one worth most pays")
    return (Sentence(words, {"group": rule.exclusive}),)


def parts_of(rule: RuleDefinition) -> tuple[Part, ...]:
    """Say all that a rule says, one thing after the other, in one order."""
    trigger = (
        Sentence(_WHEN[rule.trigger])
        if rule.trigger in _WHEN
        else Sentence(N_("When “%(type)s” is reported"), {"type": rule.trigger})
    )
    return (
        Part(N_("Name"), (Sentence(N_("%(name)s"), {"name": rule.name}),)),
        Part(N_("What it pays"), (Sentence(_GETS[rule.beneficiary], {"what": _given(rule)}),)),
        # Not worth a word as long as there is one form only.
        Part(N_("Form of the reward"), (Sentence(REWARD_LABELS.get(rule.reward, rule.reward)),) if REWARDS[1:] else ()),
        Part(N_("When"), (trigger,)),
        Part(N_("Conditions"), conditions_of(rule)),
        Part(N_("Hold"), (hold_of(rule),)),
        Part(N_("Limits"), limits_of(rule)),
        Part(N_("Group"), group_of(rule)),
        Part(N_("Dates"), dates_of(rule)),
    )


def differences(before: RuleDefinition, after: RuleDefinition) -> list[Difference]:
    """Say what `after` says differently; empty when both say the same."""
    found = []
    for old, new in zip(parts_of(before), parts_of(after), strict=True):
        gone = tuple(words for words in old.says if words not in new.says)
        fresh = tuple(words for words in new.says if words not in old.says)
        if gone or fresh:
            found.append(Difference(new.label, gone, fresh))
    if before.settings != after.settings and not any(one.label == "What it pays" for one in found):
        # Words of a kind may leave out a setting.
        found.insert(0, Difference(N_("What it pays"), (_settings(before.settings),), (_settings(after.settings),)))
    return found


def unchanged(before: RuleDefinition, after: RuleDefinition) -> list[str]:
    """Return the labels of the parts that both have and that say the same."""
    pairs = zip(parts_of(before), parts_of(after), strict=True)
    different = {one.label for one in differences(before, after)}
    return [new.label for _old, new in pairs if new.says and new.label not in different]


def _given(rule: RuleDefinition) -> Sentence | Money:
    """Say what a rule pays, in its form."""
    what = reward_words(rule.settings)
    return Sentence(_AS[rule.reward], {"what": what}) if rule.reward in _AS else what


# What is neither money nor says by itself what it is.
_AS = {"credit": N_("%(what)s as store credit"), "custom": N_("%(what)s in kind")}


def _settings(settings: RewardRule) -> Sentence:
    """Say a kind's settings one after the other, for kinds that have no words of their own."""
    kind = kind_of(settings)
    plain = plain_settings(settings)
    said = tuple(
        Sentence(N_("%(setting)s: %(value)s"), {"setting": Sentence(setting.label), "value": str(plain[setting.name])})
        for setting in kind.fields
        if setting.name in plain
    )
    return Sentence(N_("%(kind)s (%(settings)s)"), {"kind": Sentence(kind.label), "settings": said})
