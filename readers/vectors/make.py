"""Writes vectors.json: what every reader must accept and refuse.

Run it only when the rules change: `python3 make.py > vectors.json`. It draws new keys each time, so the
whole file changes. Needs the package `cryptography`.
"""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

NOW = 1_790_000_000
ISSUER = "https://id.example.com"
AUDIENCE = "dep_01h455vb4pex5vsknk084sn02q"
SECRET = "proof-secret-for-tests-only-0123456789abcdef"
CONTOSO = {"id": "tnt_01h455vb4pex5vsknk084sn02a", "slug": "contoso", "name": "Contoso"}
FABRIKAM = {"id": "tnt_01h455vb4pex5vsknk084sn02b", "slug": "fabrikam", "name": "Fabrikam"}
ALICE = "usr_01h455vb4pex5vsknk084sn02c"
BOB = "usr_01h455vb4pex5vsknk084sn02d"
MEMBER = {"id": "mbr_01h455vb4pex5vsknk084sn02e", "name": "Alice Ærø", "email": "alice@contoso.test"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, kid):
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
                "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}

    def sign(self, message):
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


FIRST, SECOND, STRANGER = Key("key_first"), Key("key_second"), Key("key_first")

KEY_SETS = {
    "first": {"keys": [FIRST.jwk()]},
    "rolled": {"keys": [FIRST.jwk(), SECOND.jwk(), {"kty": "OKP", "crv": "Ed25519", "kid": "other", "x": b64(bytes(32))}]},
    "withdrawn": {"keys": [SECOND.jwk()]},
}


def claims(**changes):
    said = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "nbf": NOW, "exp": NOW + 60, "tenant": CONTOSO,
            "sub": ALICE, "member": MEMBER, "roles": ["admin", "reader"], "sid": "c2Vzc2lvbg"}
    said.update(changes)
    return {name: value for name, value in said.items() if value is not None}


def token(said, key=FIRST, **header):
    head = {"alg": "ES256", "typ": "partywall-context+jwt", "kid": key.kid}
    head.update(header)
    head = {name: value for name, value in head.items() if value is not None}
    message = ".".join(b64(json.dumps(part, ensure_ascii=False).encode()) for part in (head, said)).encode()
    return message.decode() + "." + b64(key.sign(message))


def proof(method, target, context, at=NOW, nonce="nonce-0000000001", secret=SECRET):
    lines = ["partywall-proof-1", str(at), nonce, method, target, b64(hashlib.sha256(context.encode()).digest())]
    code = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).digest()
    return f"t={at},n={nonce},v={b64(code)}"


def request(expect, said=None, now=NOW, method="GET", target="/surveys?page=2", context=None, made_for=None,
            at=None, nonce="nonce-0000000001", secret=SECRET, headers=None, **signing):
    said = said or claims()
    context = context or token(said, **signing)
    program = said.get("subscriber") or said.get("workload") or said.get("device")
    proof_method, proof_target, proof_context = made_for or (method, target, context)
    sent = {"Partywall-Context": context,
            "Partywall-Proof": proof(proof_method, proof_target, proof_context, NOW if at is None else at, nonce, secret),
            "Partywall-Tenant": said["tenant"]["id"], "Partywall-Tenant-Slug": said["tenant"]["slug"],
            "Partywall-User": said.get("sub"), "Partywall-Roles": ",".join(said["roles"]) if "roles" in said else None,
            "Partywall-Subscriber": said.get("subscriber", {}).get("id"),
            "Partywall-Scopes": ",".join(program["scopes"]) if program else None,
            "Partywall-Request-Id": "req_01h455vb4pex5vsknk084sn02f"}
    sent.update(headers or {})
    sent = {name: value for name, value in sent.items() if value is not None}
    made = {"now": now, "method": method, "target": target, "headers": sent, "expect": expect}
    if expect == "ok":
        member = said.get("member", {})
        user = {"id": said["sub"], "member": member.get("id"), "name": member.get("name"),
                "email": member.get("email")} if "sub" in said else None
        caller = said.get("subscriber")
        caller = dict(caller, scopes=sorted(caller["scopes"])) if caller else None
        workload = said.get("workload")
        workload = dict(workload, scopes=sorted(workload["scopes"])) if workload else None
        device = said.get("device")
        device = dict(device, scopes=sorted(device["scopes"])) if device else None
        made["context"] = {"tenant": said["tenant"], "user": user, "subscriber": caller, "workload": workload,
                           "device": device,
                           "roles": sorted(said.get("roles", [])), "session": said.get("sid"), "request_id": sent.get("Partywall-Request-Id")}
    return made


def tampered(said):
    head, _, signature = token(claims()).split(".")
    return f"{head}.{b64(json.dumps(said).encode())}.{signature}"


def unsigned():
    head = b64(json.dumps({"alg": "none", "typ": "partywall-context+jwt", "kid": "key_first"}).encode())
    return f"{head}.{b64(json.dumps(claims()).encode())}."


def with_proof(change):
    made = request("")
    return change(made["headers"]["Partywall-Proof"])


CASES = []


def case(name, *requests, key_sets=("first",), fetches=1):
    CASES.append({"name": name, "key_sets": list(key_sets), "fetches": fetches, "requests": list(requests)})


ANONYMOUS = claims(sub=None, member=None, roles=None, sid=None)
ROBOT = {"id": "sub_01h455vb4pex5vsknk084sn02g", "key": "apk_01h455vb4pex5vsknk084sn02h",
         "scopes": ["surveys.write", "surveys.read"]}
ROBOTS = claims(sub=None, member=None, roles=None, sid=None, kind="subscriber", subscriber=ROBOT)
WORKLOAD = {"issuer": "iss_01h455vb4pex5vsknk084sn02j", "subject": "nightly-report", "person": False,
            "scopes": ["surveys.write", "surveys.read"]}
WORKLOADS = claims(sub=None, member=None, roles=None, sid=None, kind="workload", workload=WORKLOAD)
DEVICE = {"anchor": "anc_01h455vb4pex5vsknk084sn02k", "subject": "kiosk-1", "workload": False,
          "fingerprint": "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", "scopes": ["surveys.write", "surveys.read"]}
DEVICES = claims(sub=None, member=None, roles=None, sid=None, kind="device", device=DEVICE)
BOBS = claims(sub=BOB, tenant=FABRIKAM)

case("a signed-in user is read", request("ok"))
case("an anonymous visitor has a tenant and no user", request("ok", ANONYMOUS))
case("a program with an API key is a subscriber and no user", request("ok", ROBOTS))
case("another subscriber than the token says", request("disagrees", ROBOTS, headers={"Partywall-Subscriber": "sub_01h455vb4pex5vsknk084sn02x"}))
case("a scope that the token does not say", request("disagrees", ROBOTS, headers={"Partywall-Scopes": "surveys.read,surveys.write,admin"}))
case("a subscriber beside the token of a user", request("disagrees", headers={"Partywall-Subscriber": ROBOT["id"]}))
case("a caller with a registered issuer's token is a workload and no user", request("ok", WORKLOADS))
case("a scope that the workload does not have", request("disagrees", WORKLOADS, headers={"Partywall-Scopes": "admin"}))
case("a workload without its issuer", request("malformed", claims(sub=None, member=None, roles=None, sid=None, kind="workload", workload=dict(WORKLOAD, issuer=7))))
case("a caller with a client certificate is a device and no user", request("ok", DEVICES))
case("a scope that the device does not have", request("disagrees", DEVICES, headers={"Partywall-Scopes": "admin"}))
case("a device without its anchor", request("malformed", claims(sub=None, member=None, roles=None, sid=None, kind="device", device=dict(DEVICE, anchor=7))))
case("a user whose provider gave no profile is still read", request("ok", claims(member=None)))
case("a member without roles has none", request("ok", claims(roles=[])))
case("roles come out sorted", request("ok", claims(roles=["reader", "admin"])))
case("a post with an odd path is read", request("ok", method="POST", target="/a%20b//c;d?x=%C3%A6&y=+"))
case("a claim we do not know is passed over", request("ok", claims(colour="blue")))
case("two requests with one token are two requests", request("ok"), request("ok", nonce="nonce-0000000002", now=NOW + 1, at=NOW + 1))

case("no context", request("missing", headers={"Partywall-Context": None}), fetches=0)
case("no proof", request("missing", headers={"Partywall-Proof": None}), fetches=0)
case("nothing at all", {"now": NOW, "method": "GET", "target": "/", "headers": {}, "expect": "missing"}, fetches=0)

case("a proof in words", request("malformed", headers={"Partywall-Proof": "trust me"}), fetches=0)
case("a proof with its parts in another order",
     request("malformed", headers={"Partywall-Proof": with_proof(lambda p: ",".join(reversed(p.split(","))))}), fetches=0)
case("a proof with something after it", request("malformed", headers={"Partywall-Proof": with_proof(lambda p: p + ",x=1")}), fetches=0)
case("two proofs in one header", request("malformed", headers={"Partywall-Proof": with_proof(lambda p: p + ", " + p)}), fetches=0)
case("a proof at a time that is no number",
     request("malformed", headers={"Partywall-Proof": with_proof(lambda p: p.replace("t=", "t=+"))}), fetches=0)
case("a context that is no token", request("malformed", context="not-a-token"), fetches=0)
case("a token that lacks its end", request("malformed", claims(exp=None)))
case("a token whose tenant is only a word", request("malformed", context=token({**claims(), "tenant": "contoso"})))
case("a token without a key id", request("malformed", kid=None), fetches=0)

case("a proof made with another secret", request("proof_wrong", secret="some-other-secret-0123456789"), fetches=0)
case("a proof for another method", request("proof_wrong", made_for=("POST", "/surveys?page=2", token(claims()))), fetches=0)
case("a proof for another path", request("proof_wrong", made_for=("GET", "/surveys?page=3", token(claims()))), fetches=0)
case("a proof for another token", request("proof_wrong", made_for=("GET", "/surveys?page=2", token(BOBS))), fetches=0)
case("a proof that was moved to now",
     request("proof_wrong", headers={"Partywall-Proof": with_proof(lambda p: p.replace(f"t={NOW}", f"t={NOW + 1}"))}), fetches=0)
case("a proof ten seconds old", request("ok", at=NOW - 10))
case("a proof eleven seconds old", request("proof_stale", at=NOW - 11), fetches=0)
case("a proof ten seconds ahead", request("ok", at=NOW + 10))
case("a proof eleven seconds ahead", request("proof_stale", at=NOW + 11), fetches=0)

case("the same request twice", request("ok"), request("replayed"))
case("the same request again ten seconds later", request("ok"), request("replayed", now=NOW + 10))
case("a proof from the future, replayed when it is old", request("ok", at=NOW + 10), request("replayed", at=NOW + 10, now=NOW + 20))
case("one nonce on two requests", request("ok"), request("replayed", target="/other"))
case("a refused request does not spend its nonce for the next",
     request("proof_wrong", secret="some-other-secret-0123456789"), request("ok"))

case("signed with a stranger's key under our key's name", request("forged", key=STRANGER))
case("claims changed after signing", request("forged", context=tampered(BOBS), said=BOBS))
case("the algorithm none", request("forged", context=unsigned()), fetches=0)
case("the algorithm HS256", request("forged", alg="HS256"), fetches=0)
case("another kind of token under the same key", request("forged", typ="at+jwt"), fetches=0)
case("no type", request("forged", typ=None), fetches=0)
case("an issuer that is not ours", request("wrong_issuer", claims(iss="https://id.example.org")))
case("a token for another deployment", request("wrong_audience", claims(aud="dep_01h455vb4pex5vsknk084sn02z")))
case("the last moment of a token", request("ok", now=NOW + 69, at=NOW + 69))
case("a token that has expired", request("expired", now=NOW + 70, at=NOW + 70))
case("a token that begins in ten seconds", request("ok", claims(nbf=NOW + 10)))
case("a token that begins later", request("not_yet_valid", claims(nbf=NOW + 11)))

case("the tenant header names another tenant", request("disagrees", headers={"Partywall-Tenant": FABRIKAM["id"]}))
case("the tenant header is gone", request("disagrees", headers={"Partywall-Tenant": None}))
case("the user header names another user", request("disagrees", headers={"Partywall-User": BOB}))
case("the user header is gone", request("disagrees", headers={"Partywall-User": None}))
case("a user header on an anonymous request", request("disagrees", ANONYMOUS, headers={"Partywall-User": ALICE}))
case("the roles header promises more", request("disagrees", headers={"Partywall-Roles": "admin,creator,reader"}))
case("the roles header in another order", request("ok", headers={"Partywall-Roles": "reader,admin"}))
case("a slug that has just changed", request("ok", headers={"Partywall-Tenant-Slug": "contoso-new"}))

case("a new key is fetched when it is first named", request("ok"),
     request("ok", key=SECOND, nonce="nonce-0000000002", now=NOW + 10, at=NOW + 10), key_sets=("first", "rolled"), fetches=2)
case("unknown keys are asked for once in ten seconds", request("unknown_key", kid="key_x"),
     request("unknown_key", kid="key_y", nonce="nonce-0000000002"),
     request("unknown_key", kid="key_z", nonce="nonce-0000000003", now=NOW + 9, at=NOW + 9), fetches=1)
case("a withdrawn key stops working within five minutes", request("ok"),
     request("ok", claims(nbf=NOW + 299, exp=NOW + 360), now=NOW + 299, at=NOW + 299, nonce="nonce-0000000002"),
     request("unknown_key", claims(nbf=NOW + 300, exp=NOW + 360), now=NOW + 300, at=NOW + 300, nonce="nonce-0000000003"),
     key_sets=("first", "withdrawn"), fetches=2)
case("keys that cannot be fetched", request("keys_away"), request("keys_away", nonce="nonce-0000000002"), key_sets=("away",), fetches=1)
case("known keys serve on while the key set is away", request("ok"),
     request("ok", claims(nbf=NOW + 300, exp=NOW + 360), now=NOW + 300, at=NOW + 300, nonce="nonce-0000000002"),
     key_sets=("first", "away"), fetches=2)
case("a key set that came late", request("keys_away"),
     request("ok", nonce="nonce-0000000002", now=NOW + 10, at=NOW + 10), key_sets=("away", "first"), fetches=2)

print(json.dumps({
    "about": "Each case is a fresh reader that is asked the requests in order. Its key source hands out key_sets in order, "
             "the last one again and again; 'away' fails. 'fetches' is how often it was asked. Written by make.py.",
    "issuer": ISSUER, "audience": AUDIENCE, "proof_secret": SECRET, "key_sets": KEY_SETS, "cases": CASES,
}, indent=1, ensure_ascii=False))
