// A backend for any number of tenants: AUDIENCE=dep_… ISSUER=… KEYS_URL=… PROOF_SECRET=… node example.mjs
import { createServer } from 'node:http';
import { Reader } from './partywall-reader.mjs';

const { AUDIENCE, ISSUER, KEYS_URL, PROOF_SECRET, PORT = '8085' } = process.env;
const reader = new Reader({ audience: AUDIENCE, issuer: ISSUER, keys: KEYS_URL, proofSecret: PROOF_SECRET });
const notes = new Map(); // by tenant id, and by nothing else

createServer(async (request, response) => {
  try {
    const { tenant, user } = await reader.readRequest(request);
    const own = notes.get(tenant.id) ?? [];
    if (request.method === 'POST' && user) notes.set(tenant.id, [...own, `a note by ${user.name}`]);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ tenant: tenant.name, user: user?.name ?? null, notes: notes.get(tenant.id) ?? [] }));
  } catch (refusal) {
    console.error(refusal.message);
    response.writeHead(refusal.status ?? 500).end('This address answers only through its gateway.\n');
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
