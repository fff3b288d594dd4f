// An HTTP proxy that knows CONNECT only, on a free port of the loopback.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";

export class HttpProxy {
  // `credentials`: "username:password", or nothing for a proxy that asks for none.
  static async start(credentials) {
    const proxy = new HttpProxy(credentials);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  constructor(credentials) {
    this.tunnels = [];
    this.refused = 0;
    this.sockets = new Set();
    this.expected = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
    this.server = http.createServer((_, response) => response.writeHead(405).end());
    this.server.on("connection", (socket) => this.#keep(socket));
    this.server.on("connect", (request, client, head) => this.#connect(request, client, head));
  }

  get address() {
    return `127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  #keep(socket) {
    this.sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.sockets.delete(socket));
  }

  #connect(request, client, head) {
    if (this.expected && request.headers["proxy-authorization"] !== this.expected) {
      this.refused += 1;
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`tcp://${request.url}`);
    const server = net.connect(Number(port), hostname.replace(/^\[|\]$/g, ""), () => {
      client.write("HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n");
      server.write(head);
      server.pipe(client).pipe(server);
    });
    this.tunnels.push(request.url);
    this.#keep(server);
    server.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
  }
}
