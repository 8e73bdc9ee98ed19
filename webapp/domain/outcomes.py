"""Why a conversion earned nothing before any rule was asked, in English for programs and for translation."""

from webapp.domain.sentences import N_, Sentence

UNKNOWN_PERSON = Sentence(N_("Nobody with an account here was named, so there is no one who could have referred them."))
NOT_REFERRED = Sentence(N_("Nobody referred this person, so no one earns anything."))
NO_RULE = Sentence(N_("No rule was live for this kind of event when it happened."))
ALREADY_SIGNED_UP = Sentence(N_("A signup counts once, and this person’s was counted before."))

REASONS = {
    "unknown_person": UNKNOWN_PERSON,
    "not_referred": NOT_REFERRED,
    "no_rule": NO_RULE,
    "already_signed_up": ALREADY_SIGNED_UP,
}
