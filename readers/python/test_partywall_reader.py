"""The vectors that every language's reader is held to, and the example backend asked as the gateway asks."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from partywall_reader import ContextError, Reader

HERE = pathlib.Path(__file__).parent
VECTORS = json.loads((HERE.parent / "vectors" / "vectors.json").read_text("utf-8"))
AUDIENCE, ISSUER, SECRET = VECTORS["audience"], VECTORS["issuer"], VECTORS["proof_secret"]
TWO = next(case["requests"] for case in VECTORS["cases"] if case["name"].startswith("two requests"))


def read(reader, request):
    return reader.read(request["method"], request["target"], request["headers"].get, request["now"])


class Vectors(unittest.TestCase):
    def test_every_vector_gets_its_answer(self):
        for case in VECTORS["cases"]:
            with self.subTest(case["name"]):
                self.check(case)

    def check(self, case):
        asked = []

        def keys():
            asked.append(case["key_sets"][min(len(asked), len(case["key_sets"]) - 1)])
            return VECTORS["key_sets"][asked[-1]]

        reader = Reader(AUDIENCE, ISSUER, keys, SECRET)
        for request in case["requests"]:
            try:
                self.assertEqual((request["expect"], request.get("context")), ("ok", read(reader, request).as_dict()))
            except ContextError as refusal:
                self.assertEqual(request["expect"], refusal.code, refusal)
        self.assertEqual(case["fetches"], len(asked))

    def test_without_room_requests_are_refused_rather_than_forgotten(self):
        reader = Reader(AUDIENCE, ISSUER, VECTORS["key_sets"]["first"], SECRET, capacity=1)
        read(reader, TWO[0])
        with self.assertRaises(ContextError) as refused:
            read(reader, TWO[1])
        self.assertEqual(("overwhelmed", 503), (refused.exception.code, refused.exception.status))

    def test_a_wsgi_request_is_read_with_and_without_its_raw_path(self):
        for case in ("a signed-in user is read", "a post with an odd path is read"):
            request = next(c["requests"][0] for c in VECTORS["cases"] if c["name"] == case)
            environ = {"HTTP_" + n.upper().replace("-", "_"): v for n, v in request["headers"].items()}
            path, _, query = request["target"].partition("?")
            environ |= {"REQUEST_METHOD": request["method"], "QUERY_STRING": query}
            reader = lambda: Reader(AUDIENCE, ISSUER, VECTORS["key_sets"]["first"], SECRET, clock=lambda: request["now"])
            self.assertEqual("Contoso", reader().read_wsgi(environ | {"RAW_URI": request["target"]}).tenant.name)
            plain = path.replace("%20", " ")
            self.assertEqual("Contoso", reader().read_wsgi(environ | {"PATH_INFO": plain}).tenant.name)


class Keys(BaseHTTPRequestHandler):
    key = ec.generate_private_key(ec.SECP256R1())

    def do_GET(self):
        numbers = self.key.public_key().public_numbers()
        x, y = (b64(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "kid": "key_1", "x": x, "y": y}]}).encode())

    def log_message(self, *_):
        pass


class Example(unittest.TestCase):
    def test_the_example_keeps_two_tenants_apart_and_refuses_a_direct_call(self):
        with HTTPServer(("127.0.0.1", 0), Keys) as keys, start(keys) as backend:
            try:
                port = backend.port
                self.assertEqual(["a note by alice"], ask(port, "POST", signed("contoso", "alice", "POST"))["notes"])
                self.assertEqual([], ask(port, "GET", signed("fabrikam", "bob", "GET"))["notes"])
                self.assertEqual(403, ask(port, "GET", []))
                doubled = signed("contoso", "alice", "GET") + [("Partywall-Tenant", "tnt_fabrikam")]
                self.assertEqual(403, ask(port, "GET", doubled))
            finally:
                backend.kill()
                keys.shutdown()


def start(keys):
    threading.Thread(target=keys.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"AUDIENCE": AUDIENCE, "ISSUER": ISSUER, "PROOF_SECRET": SECRET, "PORT": str(port),
                        "KEYS_URL": f"http://127.0.0.1:{keys.server_port}/"}
    backend = subprocess.Popen([sys.executable, str(HERE / "example.py")], env=env, stderr=subprocess.DEVNULL)
    backend.port = port
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return backend
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the example does not listen")


def ask(port, method, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, "/notes?x=1")
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return json.loads(body) if response.status == 200 else response.status


def signed(tenant, user, method):
    now, nonce = int(time.time()), secrets.token_urlsafe(16)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 60, "roles": [], "sub": f"usr_{user}",
              "tenant": {"id": f"tnt_{tenant}", "slug": tenant, "name": tenant}, "member": {"name": user}}
    head = {"alg": "ES256", "typ": "partywall-context+jwt", "kid": "key_1"}
    message = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
    r, s = decode_dss_signature(Keys.key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{message}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    lines = ["partywall-proof-1", str(now), nonce, method, "/notes?x=1", b64(hashlib.sha256(token.encode()).digest())]
    code = hmac.new(SECRET.encode(), "\n".join(lines).encode(), hashlib.sha256).digest()
    return [("Partywall-Context", token), ("Partywall-Proof", f"t={now},n={nonce},v={b64(code)}"),
            ("Partywall-Tenant", f"tnt_{tenant}"), ("Partywall-User", f"usr_{user}"), ("Partywall-Roles", "")]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    unittest.main()
