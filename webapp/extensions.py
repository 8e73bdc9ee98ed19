"""The extensions, made once and bound to the application in `create_app`."""

from typing import Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from sqlalchemy import Engine

from webapp.models.base import Model
from webapp.transactions import OPEN

# The engine for write transactions, where there is one apart.
WRITER = "writer"


class ReadingOrWriting(Session):
    """A session that reads from one engine, and writes to the other while a write transaction is open."""

    def get_bind(self, *_about: Any, **_more: Any) -> Engine:
        engines = self._db.engines
        return (self.info.get(OPEN) and engines.get(WRITER)) or engines[None]


db = SQLAlchemy(model_class=Model, disable_autonaming=True, session_options={"class_": ReadingOrWriting})
migrate = Migrate(render_as_batch=True, compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
