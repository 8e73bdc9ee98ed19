"""What a start warns of, because nobody would find out from what visitors see."""

import pytest
from structlog.testing import capture_logs

from tests.databases import config_for
from webapp.serving import _warn

HTTPS, HTTP = "https://friends.example.com", "http://friends.example.com"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({"BASE_URL": HTTPS, "TRUSTED_PROXIES": "1"}, [], id="as it should be"),
        pytest.param({"BASE_URL": HTTPS}, ["proxies_not_counted"], id="everybody seems to be the proxy"),
        pytest.param({"BASE_URL": HTTP, "TRUSTED_PROXIES": "1"}, ["base_url_without_https"], id="no cookie comes back"),
        pytest.param({"BASE_URL": ""}, ["base_url_missing"], id="links lead to this machine"),
        pytest.param({"BASE_URL": HTTP, "GRAPEVINE_ENV": "development"}, [], id="nobody but a developer"),
    ],
)
def test_what_keeps_visitors_out_or_lumps_them_together_is_said_at_the_start(tmp_path, environ, said):
    config = config_for(f"sqlite:///{tmp_path / 'none.db'}", tmp_path, **{"GRAPEVINE_ENV": "production", **environ})
    with capture_logs() as logged:
        _warn(config, 1)
    assert [line["event"] for line in logged] == said
