"""A backend for any number of tenants: AUDIENCE=dep_… ISSUER=… KEYS_URL=… PROOF_SECRET=… python3 example.py"""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import environ as env
from partywall_reader import ContextError, Reader

reader = Reader(env["AUDIENCE"], env["ISSUER"], env["KEYS_URL"], env["PROOF_SECRET"])
notes = {}  # by tenant id, and by nothing else

class Backend(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            context = reader.read_handler(self)
        except ContextError as refusal:
            self.log_message("%s", refusal)
            return self.answer(refusal.status, "This address answers only through its gateway.\n")
        own = notes.setdefault(context.tenant.id, [])
        if self.command == "POST" and context.user:
            own.append(f"a note by {context.user.name}")
        user = context.user.name if context.user else None
        self.answer(200, json.dumps({"tenant": context.tenant.name, "user": user, "notes": own}))

    do_POST = do_GET

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

ThreadingHTTPServer(("127.0.0.1", int(env.get("PORT", 8086))), Backend).serve_forever()
