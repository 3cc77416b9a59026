// Plain HTTP for whoever is no browser: names under localhost are this machine, wherever the resolver
// stands on that, and redirects are not followed.

import { request as send } from 'node:http';

const ANSWER_WITHIN = 30_000;

/** One request. Gives status, headers, the address, and the body as `text` and `json()`. */
export function ask(address, { method = 'GET', headers = {}, body } = {}) {
  const url = new URL(address);
  const options = {
    method,
    headers: { host: url.host, ...headers },
    host: url.hostname.endsWith('localhost') ? '127.0.0.1' : url.hostname,
    port: url.port || 80,
    path: url.pathname + url.search,
    agent: false,
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  };
  return new Promise((answered, failed) => {
    const request = send(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('error', failed).on('end', () => {
        const text = Buffer.concat(parts).toString();
        answered({ url, status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
      });
    });
    request.on('error', failed).end(body);
  });
}
