"""Copies of the whole database in one file, which either engine writes and either engine reads."""


class BackupError(Exception):
    """A backup cannot be taken or restored; the message is one sentence for the operator."""
