"""The settings by which a program's friends are looked at."""

from webapp.domain.registry import SettingError
from webapp.domain.screening import read_signals
from webapp.domain.signal_settings import SignalSettings
from webapp.models import Program


def signal_settings_of(program: Program) -> tuple[SignalSettings, SettingError | None]:
    """Return the settings that hold, and what is wrong with them.

    Signals that cannot be read, perhaps since a newer Grapevine kept them, are
    those of the defaults here. No friend is looked at by these: everybody is held.
    """
    problem = None
    try:
        signals = read_signals(program.signals)
    except SettingError as error:
        signals, problem = read_signals({}), error
    return SignalSettings(signals, program.held_from, program.second_admin_from_minor), problem
