/** A small HTTP server that answers the script's calls as a test tells it, and remembers what it was asked. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

export interface Told {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Running {
  readonly base: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** @param tell the answer to each call, in its own time; null drops the connection */
export async function serve(tell: (asked: Asked) => Told | null | Promise<Told | null>): Promise<Running> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const one = { path: request.url || "", type: request.headers["content-type"], body: JSON.parse(text) };
    asked.push(one);
    const told = await tell(one);
    if (!told) return void request.socket.destroy();
    response.writeHead(told.status, { "Content-Type": "application/json", ...told.headers });
    response.end(JSON.stringify(told.body || {}));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}/v1/acme`,
    asked,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
