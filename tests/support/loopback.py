"""A server on this machine that misbehaves on request, as servers of data sets do."""

import contextlib
import http.server
import re
import threading

import pytest


class Server:
    """Serves `files` (path: bytes); remembers which ranges were asked for.

    Attributes
    ----------
    breaks
        Bytes after which each of the next answers is broken off.
    ranges
        Whether parts of a file can be asked for.
    says
        Added to the length that is announced; None: no length is announced.
    chunks
        Whether answers come in chunks, the last of which tells the end.
    answers
        Path: status that is answered instead of the file.
    """

    def __init__(self):
        self.files, self.answers, self.breaks = {}, {}, []
        self.ranges, self.says = True, 0
        self.chunks = False
        self.asked = []
        self.redirects = {}


class Listening(http.server.ThreadingHTTPServer):
    """Ends with the test, whatever its connections do."""

    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def serving():
    server = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # of which answers in chunks are a part
        timeout = 20.0  # seconds; a client that says nothing must not hold a test

        def do_GET(self):
            server.asked.append((self.path, self.headers.get("Range")))
            if self.path in server.redirects:
                self.send_response(302)
                self.send_header("Location", server.redirects[self.path])
                self.end_headers()
                return
            status = server.answers.get(self.path, 200 if self.path in server.files else 404)
            if status != 200:
                self.send_error(status)
                return
            content, start = server.files[self.path], 0
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            if found and server.ranges:
                start = int(found[1])
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                total = len(content) + server.says
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            if server.says is not None:
                self.send_header("Content-Length", str(len(content) - start + server.says))
            if server.chunks:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            rest = content[start:]
            if server.chunks:
                rest = b"%x\r\n" % len(rest) + rest + b"\r\n0\r\n\r\n"
            broken = server.breaks.pop(0) if server.breaks else None
            # who is asked too much of goes away
            with contextlib.suppress(ConnectionError):
                self.wfile.write(rest if broken is None else rest[:broken])
            self.close_connection = True

        def log_message(self, *_):
            pass

    with (
        Listening(("127.0.0.1", 0), Handler) as listening,
        pytest.MonkeyPatch.context() as environment,
    ):
        # what this machine serves is not asked for through a proxy
        for name in ("no_proxy", "NO_PROXY"):
            environment.setenv(name, "127.0.0.1")
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
