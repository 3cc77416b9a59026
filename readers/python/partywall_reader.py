"""The context reader for Python: tells a backend which tenant and which user a request is for.

It checks the two headers that Partywall puts on every request, as docs/wire.md describes them, and refuses
what did not come through the gateway within the last seconds. It never decides what a user may do.

One file; needs the package `cryptography`; Python 3.9 or newer. It may be used from many threads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass, field
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

TYPE = "partywall-context+jwt"
TOLERANCE = 10  # seconds by which clocks may differ, and that a proof is good for
GENERATION = 2 * TOLERANCE + 1  # a proof from ten seconds ahead is good for twenty more
FRESH_FOR = 300  # keys older than this are fetched again, so that a withdrawn one stops working
SINGLE = ("Partywall-Context", "Partywall-Proof", "Partywall-Tenant", "Partywall-User", "Partywall-Roles",
          "Partywall-Request-Id")
PROOF = re.compile(r"t=([0-9]{1,12}),n=([A-Za-z0-9_-]{1,64}),v=([A-Za-z0-9_-]{43})")


class ContextError(Exception):
    """Why a request was refused. `code` and the words are for your log; `status` is what the client gets."""

    def __init__(self, code: str, words: str):
        super().__init__(words)
        self.code = code
        self.status = 503 if code in ("keys_away", "overwhelmed") else 403


@dataclass(frozen=True)
class Tenant:
    """An organisation that subscribes. Key your data by its id; slug and name are for display."""

    id: str
    slug: str
    name: str


@dataclass(frozen=True)
class User:
    """A person, as this tenant knows them. The id is the same in every tenant."""

    id: str
    member: str | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Subscriber:
    """A program or partner of the tenant that calls with an API key."""

    id: str
    key: str
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Workload:
    """A caller by the bearer token of an issuer that the operator has registered."""

    issuer: str
    subject: str
    person: bool
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Device:
    """A caller by a client certificate that the tenant's trust anchor vouches for."""

    anchor: str
    subject: str
    workload: bool
    fingerprint: str
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """Who is asking, and in which tenant. The user is None for an anonymous request."""

    tenant: Tenant
    user: User | None = None
    subscriber: Subscriber | None = None
    workload: Workload | None = None
    device: Device | None = None
    roles: list[str] = field(default_factory=list)
    session: str | None = None
    request_id: str | None = None

    def as_dict(self) -> dict:
        return asdict(self)


class Reader:
    """Reads contexts. Make one at start and share it: it remembers which proofs it has seen.

    audience      the deployment's id, dep_…
    issuer        the public URL of the id. host
    keys          the key set's address, a key set as a dict, or a function that fetches one
    proof_secret  the deployment's proof secret, exactly the text shown
    """

    def __init__(self, audience, issuer, keys, proof_secret, *, pause=10, capacity=1_000_000, clock=time.time):
        if not audience or not issuer or not keys:
            raise ValueError("a reader needs audience, issuer and keys")
        if len(proof_secret.encode()) < 16:
            raise ValueError("the proof secret is shorter than 16 bytes")
        self._audience, self._issuer, self._secret = audience, issuer, proof_secret.encode()
        self._keys, self._replays, self._clock = _KeyRing(keys, pause), _Replays(capacity), clock

    def read_handler(self, handler) -> Context:
        """The context of a request of http.server."""
        return self._read_message(handler.command, handler.path, handler.headers)

    def read_wsgi(self, environ) -> Context:
        """The context of a WSGI request. The proof is over the path as it was sent, which only some servers
        hand on (gunicorn as RAW_URI, uWSGI and mod_wsgi as REQUEST_URI); from the others it is put together
        again, and a request whose path was written in an odd way is refused rather than misread."""
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if target is None:
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            target = quote(path.encode("latin-1"), safe="/-._~!$&'()*+,;=:@")
            target += "?" + environ["QUERY_STRING"] if environ.get("QUERY_STRING") else ""
        header = lambda name: environ.get("HTTP_" + name.upper().replace("-", "_"))
        return self.read(environ["REQUEST_METHOD"], target, header, int(self._clock()))

    def _read_message(self, method, target, headers) -> Context:
        for name in SINGLE:
            if len(headers.get_all(name) or ()) > 1:
                raise ContextError("malformed", f"two {name} headers")
        return self.read(method, target, headers.get, int(self._clock()))

    def read(self, method, target, header, now) -> Context:
        """The same from parts: method, path with query as received, a way to look up a header, unix seconds."""
        token, proof = header("Partywall-Context"), header("Partywall-Proof")
        if token is None or proof is None:
            raise ContextError("missing", "no Partywall-Context or no Partywall-Proof header")
        # The proof comes first: only what bears our secret can make us verify a signature or fetch keys.
        nonce = _check_proof(self._secret, method, target, token, proof, now)
        context = _context(self._claims(token, now), header("Partywall-Request-Id"))
        _check_agreement(context, header)
        self._replays.remember(nonce, now)
        return context

    def _claims(self, token, now) -> dict:
        parts = token.split(".")
        head = _decode(parts[0])
        if head.get("alg") != "ES256" or head.get("typ") != TYPE:
            raise ContextError("forged", "not a context token of the gateway")
        if not isinstance(head.get("kid"), str) or len(parts) != 3:
            raise ContextError("malformed", "the context token cannot be read")
        _check_signature(self._keys.find(head["kid"], now), parts)
        claims = _check_shape(_decode(parts[1]))
        if claims["iss"] != self._issuer:
            raise ContextError("wrong_issuer", "the context token was issued by someone else")
        if claims["aud"] != self._audience:
            raise ContextError("wrong_audience", "the context token is meant for another deployment")
        if now >= claims["exp"] + TOLERANCE:
            raise ContextError("expired", "the context token has expired")
        if now < claims["nbf"] - TOLERANCE:
            raise ContextError("not_yet_valid", "the context token is not valid yet")
        return claims


def _check_proof(secret, method, target, token, header, now) -> str:
    parts = PROOF.fullmatch(header)
    if parts is None:
        raise ContextError("malformed", "the proof cannot be read")
    seconds, nonce, code = parts.groups()
    token_hash = _b64(hashlib.sha256(token.encode()).digest())
    signed = "\n".join(("partywall-proof-1", seconds, nonce, method, target, token_hash))
    expected = hmac.new(secret, signed.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, _bytes(code)):
        raise ContextError("proof_wrong", "the proof does not belong to this request")
    if abs(now - int(seconds)) > TOLERANCE:
        raise ContextError("proof_stale", "the proof is too old or too new")
    return nonce


def _check_signature(key, parts):
    signature = _bytes(parts[2])
    if len(signature) != 64:
        raise ContextError("forged", "the context token was not signed by the gateway")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), f"{parts[0]}.{parts[1]}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ContextError("forged", "the context token was not signed by the gateway") from None


def _check_shape(claims) -> dict:
    tenant, roles = claims.get("tenant"), claims.get("roles", [])
    texts = [claims.get("iss"), claims.get("aud"), claims.get("sub", "")]
    texts += [tenant.get(name) for name in ("id", "slug", "name")] if isinstance(tenant, dict) else [None]
    texts += roles if isinstance(roles, list) else [None]
    subscriber = claims.get("subscriber", {"id": "", "key": "", "scopes": []})
    texts += [subscriber.get("id"), subscriber.get("key")] if isinstance(subscriber, dict) else [None]
    scopes = subscriber.get("scopes") if isinstance(subscriber, dict) else None
    texts += scopes if isinstance(scopes, list) else [None]
    workload = claims.get("workload", {"issuer": "", "subject": "", "person": False, "scopes": []})
    workload = workload if isinstance(workload, dict) else {}
    texts += [workload.get("issuer"), workload.get("subject")]
    texts += workload["scopes"] if isinstance(workload.get("scopes"), list) else [None]
    texts += ["" if isinstance(workload.get("person"), bool) else None]
    device = claims.get("device", {"anchor": "", "subject": "", "workload": False, "fingerprint": "", "scopes": []})
    device = device if isinstance(device, dict) else {}
    texts += [device.get("anchor"), device.get("subject"), device.get("fingerprint")]
    texts += device["scopes"] if isinstance(device.get("scopes"), list) else [None]
    texts += ["" if isinstance(device.get("workload"), bool) else None]
    numbers = [claims.get("nbf"), claims.get("exp")]
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise ContextError("malformed", "the context token lacks a claim")
    return claims


def _context(claims, request_id) -> Context:
    tenant, member = claims["tenant"], claims.get("member") or {}
    user = None
    if "sub" in claims:
        user = User(claims["sub"], member.get("id"), member.get("name"), member.get("email"))
    subscriber = None
    if "subscriber" in claims:
        caller = claims["subscriber"]
        subscriber = Subscriber(caller["id"], caller["key"], sorted(caller["scopes"]))
    workload = None
    if "workload" in claims:
        caller = claims["workload"]
        workload = Workload(caller["issuer"], caller["subject"], caller["person"], sorted(caller["scopes"]))
    device = None
    if "device" in claims:
        caller = claims["device"]
        device = Device(caller["anchor"], caller["subject"], caller["workload"], caller["fingerprint"],
                        sorted(caller["scopes"]))
    return Context(Tenant(tenant["id"], tenant["slug"], tenant["name"]), user, subscriber, workload, device,
                   sorted(claims.get("roles", [])), claims.get("sid"), request_id)


def _check_agreement(context, header):
    """Some part of a backend may be reading the plain headers, so one that says something else than the token
    is refused. The slug is for display only and may change within the token's minute."""
    def words(name):
        return {word for word in (header(name) or "").split(",") if word}

    user = context.user.id if context.user else None
    caller = context.subscriber.id if context.subscriber else None
    program = context.subscriber or context.workload or context.device
    scopes = set(program.scopes) if program else set()
    said = (header("Partywall-Tenant"), header("Partywall-User"), header("Partywall-Subscriber"),
            words("Partywall-Roles"), words("Partywall-Scopes"))
    if said != (context.tenant.id, user, caller, set(context.roles), scopes):
        raise ContextError("disagrees", "a header does not say what the context token says")


class _Replays:
    """Two generations of nonces: the one that collects and the one before. Forgetting drops the older one whole."""

    def __init__(self, capacity):
        self._lock, self._capacity, self._since = threading.Lock(), capacity, float("-inf")
        self._current, self._previous = set(), set()

    def remember(self, nonce, now):
        with self._lock:
            age = now - self._since
            if abs(age) >= GENERATION:
                self._previous = set() if age >= 2 * GENERATION else self._current
                self._current, self._since = set(), now
            if nonce in self._current or nonce in self._previous:
                raise ContextError("replayed", "the proof has been used before")
            # Without room it refuses rather than forgets, because forgetting would let a replay through.
            if len(self._current) + len(self._previous) >= self._capacity:
                raise ContextError("overwhelmed", "too many requests to remember")
            self._current.add(nonce)


class _KeyRing:
    """The keys known now. Asked for again when one is unknown or they have aged, but not within the pause."""

    def __init__(self, source, pause):
        self._lock, self._pause, self._keys = threading.Lock(), pause, {}
        self._fetched_at, self._attempted_at, self._reached = float("-inf"), float("-inf"), False
        if isinstance(source, dict):
            self._fetch, self._keys = None, _usable(source)
        else:
            self._fetch = source if callable(source) else lambda: _fetch_json(source)

    def find(self, kid, now):
        if self._fetch is not None and (kid not in self._keys or not self._is_fresh(now)):
            with self._lock:  # Whoever waited here may find that another has fetched meanwhile.
                if (kid not in self._keys or not self._is_fresh(now)) and abs(now - self._attempted_at) >= self._pause:
                    self._attempted_at, self._reached = now, self._refresh(now)
        try:
            return self._keys[kid]
        except KeyError:
            pass
        if self._fetch is None or self._reached:
            raise ContextError("unknown_key", "the key set does not hold this key")
        raise ContextError("keys_away", "the key set could not be fetched")

    def _is_fresh(self, now):
        return abs(now - self._fetched_at) < FRESH_FOR

    def _refresh(self, now) -> bool:
        try:
            self._keys = _usable(self._fetch())
        except Exception:  # Whatever went wrong with fetching, the keys are away.
            return False
        self._fetched_at = now
        return True


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _fetch_json(address):
    with urllib.request.build_opener(_NoRedirect).open(address, timeout=5) as response:
        return json.loads(response.read(256 * 1024))


def _usable(key_set) -> dict:
    """The P-256 keys by id. Keys of other kinds are passed over: a set may hold more than ours."""
    return {key["kid"]: _public_key(key) for key in key_set["keys"]
            if key.get("kty") == "EC" and key.get("crv") == "P-256" and isinstance(key.get("kid"), str)}


def _public_key(key):
    x, y = int.from_bytes(_bytes(key["x"]), "big"), int.from_bytes(_bytes(key["y"]), "big")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _decode(part) -> dict:
    try:
        value = json.loads(_bytes(part))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ContextError("malformed", "the context token cannot be read")
    return value


def _bytes(part) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ContextError("malformed", "the context token cannot be read") from None


def _b64(data) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
