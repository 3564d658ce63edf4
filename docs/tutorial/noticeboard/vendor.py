"""Noticeboard itself, on this machine: it shows what is put up."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Board(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body:
            print(self.path, json.loads(body)["text"], flush=True)
        reply = b'{"up": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8099), Board).serve_forever()
