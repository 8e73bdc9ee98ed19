"""The anchor of clicks: one Flask route that does nothing, on the server and with the threads that ours has."""

import argparse

from flask import Flask
from granian.constants import Interfaces, Loops
from granian.server import Server

from webapp.config import SERVER_THREADS

app = Flask(__name__)


@app.get("/r/<code>")
def follow(code: str) -> str:
    return code


@app.get("/healthz")
def healthz() -> str:
    return "ok"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    port = parser.parse_args().port
    server = Server(
        "tests.bench.bare:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=SERVER_THREADS,
        loop=Loops.asyncio,
        log_access=False,
        websockets=False,
    )
    server.serve(target_loader=lambda _target: app)


if __name__ == "__main__":
    main()
