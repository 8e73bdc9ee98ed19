"""Commands, run as the command line does."""

import pytest


@pytest.fixture
def rules(app, tmp_path):
    """Run `rules`: `rules("apply", TWENTY, "--prune")` writes the file first."""

    def run(verb, text=None, *options):
        arguments = ["rules", verb]
        if text is not None:
            file = tmp_path / "rules.toml"
            file.write_text(text)
            arguments.append(str(file))
        return app.test_cli_runner().invoke(args=[*arguments, *options])

    return run
