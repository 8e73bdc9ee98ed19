"""What deploy/ says fits the code: its variables, paths, commands, limits and addresses."""

import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml

from tests.databases import config_for
from webapp import create_app
from webapp.config import ROOT, load_config
from webapp.views.admin.coupon_pools import LARGEST_UPLOAD

DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx.conf.example").read_text()
UNITS = sorted(DEPLOY.glob("*.service"))
# Where the README has the code put.
HOME = "/opt/grapevine"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deploy")
    return create_app(config_for(f"sqlite:///{folder / 'none.db'}", folder))


def variables():
    """Return the names that the configuration asks the environment for."""

    class Reading(dict):
        def get(self, name, default=None):
            asked.add(name)
            return default if name != "GRAPEVINE_ENV" else "development"

    asked = set()
    load_config(Reading(), root=ROOT)
    return asked


def test_the_example_of_an_environment_names_what_is_read_and_starts_once_it_has_a_key(tmp_path):
    lines = [line for line in (DEPLOY / "environment.example").read_text().splitlines() if line]
    named = re.findall(r"^#?([A-Z_]+)=", "\n".join(lines), re.MULTILINE)
    # In production, which is what it is without a word.
    assert set(named) == variables() - {"GRAPEVINE_ENV"} - NEED_NO_WORD
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    config = load_config({**given, "SECRET_KEY": "x" * 64}, root=tmp_path)
    assert (config.production, config.trusted_proxies) == (True, 1)


# What whoever deploys need not decide; the README has them all.
NEED_NO_WORD = variables() - {
    *("SECRET_KEY", "BASE_URL", "DATABASE_URL", "MAIL_URL", "TRUSTED_PROXIES", "RATE_LIMIT_URL", "METRICS_TOKEN"),
    *("COUNTRY_DATABASE", "GRAPEVINE_ENV"),
}


def commands(text):
    """Return every command of `flask --app wsgi` that a file gives, as its words."""
    found = re.findall(r"flask --app wsgi ([^\n\"'&;]+)", text)
    return [line.split() for line in found]


@pytest.mark.parametrize("path", [*UNITS, DEPLOY / "Dockerfile", DEPLOY / "compose.yaml"], ids=lambda path: path.name)
def test_commands_are_there_with_their_options(app, path):
    lines = commands(path.read_text())
    assert lines, "it starts nothing"
    for words in lines:
        command = app.cli.get_command(None, words[0])
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("path", [*UNITS, DEPLOY / "Dockerfile"], ids=lambda path: path.name)
def test_paths_are_those_of_the_repository(path):
    text = path.read_text()
    copied = [
        name for line in re.findall(r"^COPY --from=build (.+)$", text, re.MULTILINE) for name in line.split()[:-1]
    ]
    ours = [name.removeprefix("/app/") for name in copied if name.startswith("/app/")]
    ours += [name.removeprefix(f"{HOME}/") for name in re.findall(rf"{HOME}/[\w./-]+", text) if ".venv" not in name]
    assert ours
    assert [name for name in ours if not (ROOT / name).exists()] == []


def test_a_service_hands_its_server_what_it_needs_to_end_in_time():
    text = (DEPLOY / "grapevine.service").read_text()
    assert "KillMode=mixed" in text, "SIGTERM goes to the main process alone"
    assert int(re.search(r"TimeoutStopSec=(\d+)", text)[1]) > 10
    for hardened in ("NoNewPrivileges=true", "ProtectSystem=strict", "StateDirectory=grapevine", "EnvironmentFile="):
        assert hardened in text
    example = (DEPLOY / "environment.example").read_text()
    assert "sqlite:////var/lib/grapevine/" in example, "below the folder that it may write"


def test_nginx_takes_what_the_largest_page_takes_and_logs_no_token(app):
    (largest,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(largest) * 2**20 == LARGEST_UPLOAD
    assert "proxy_set_header Host $host;" in NGINX
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in NGINX
    formats = "".join(re.findall(r"log_format grapevine ([^;]+);", NGINX))
    assert not set(re.findall(r"\$(\w+)", formats)) & {
        *("request", "request_uri", "uri", "args", "remote_addr", "http_referer", "http_cookie", "remote_user"),
    }
    assert all(kind == "grapevine" for kind in re.findall(r"access_log \S+ (\w+);", NGINX))
    hidden = re.search(r"\(\?<kind>([^)]+)\)", NGINX)[1].split("|")
    with_token = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if "token" in rule.arguments}
    assert with_token <= set(hidden), "an address that opens an account would stand in the log"


def test_the_image_of_the_compose_file_has_what_it_mounts_and_asks_for():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    app = compose["services"]["app"]
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert (DEPLOY / app["build"]["context"] / app["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert app["read_only"]
    assert all(f'"{volume.split(":")[1]}"' in dockerfile for volume in app["volumes"])
    assert set(app["environment"]) <= variables()
    assert re.search(r"^USER (?!root|0)", dockerfile, re.MULTILINE)
    assert "deploy/healthcheck.py" in dockerfile


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_as_the_host_that_is_answered(status, code):
    asked = []

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/readyz"
        environ = {"BASE_URL": "https://friends.example.com", "HEALTHCHECK_URL": url}
        ended = subprocess.run([sys.executable, DEPLOY / "healthcheck.py"], env=environ, capture_output=True)
        server.shutdown()
    assert (ended.returncode, asked) == (code, [("/readyz", "friends.example.com")])
