"""Accepting an invitation."""

from flask_wtf import FlaskForm

from webapp.forms.new_password import NewPassword


class AcceptForm(NewPassword, FlaskForm):
    """The password that whoever was invited chooses. Whoever makes the form says whose it is."""

    name = ""
    email = ""

    def for_person(self, name: str, email: str) -> "AcceptForm":
        """Remember for whom the password is, since it must not be made of their name or address."""
        self.name, self.email = name, email
        return self

    def own_words(self) -> tuple[str, ...]:
        return self.name, self.email
