"""Trouble with the database that nobody's request is to blame for: it is away, full, or can only be read just now."""

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from webapp.write_turns import NoTurnError

# Of PostgreSQL: a transaction that may only read, a standby that was asked to write, and a disk that is full.
_NO_WRITES = {"25006", "53100"}
_STANDBY = "0A000"
_SQLITE_NO_WRITES = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL}
# A write, a sync or a change of length that the disk refused for another reason than being full, as with a quota.
_SQLITE_REFUSED = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}
_FILE_NO_WRITES = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Of PostgreSQL: a lock that could not be had in time.
_HELD = "55P03"
# Extended codes of SQLite hold the plain one in their last octet.
_PLAIN = 0xFF

TROUBLES = (DBAPIError, NoConnectionError, PendingRollbackError)


def is_trouble(error: BaseException) -> bool:
    """Say whether an error of a statement comes from the state of the database, and not from what was asked of it."""
    if isinstance(error, OperationalError | InterfaceError | NoConnectionError | PendingRollbackError):
        return True
    return takes_no_writes(error) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def takes_no_writes(error: BaseException) -> bool:
    """Say whether what is stored can be read while nothing can be written."""
    # As the driver raises it, or as SQLAlchemy hands it on.
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        code: int = getattr(cause, "sqlite_errorcode", None) or 0
        return code & _PLAIN in _SQLITE_NO_WRITES or code in _SQLITE_REFUSED
    if isinstance(cause, OSError):
        return cause.errno in _FILE_NO_WRITES
    state: object = getattr(cause, "sqlstate", None)
    return state in _NO_WRITES or (state == _STANDBY and "recovery" in str(cause))


def is_held(error: DBAPIError) -> bool:
    """Say whether somebody else holds the database, or rows of it, for longer than is waited for."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", None) or 0) & _PLAIN == sqlite3.SQLITE_BUSY
    return isinstance(cause, NoTurnError) or getattr(cause, "sqlstate", None) == _HELD
