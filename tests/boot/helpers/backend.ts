import type { IncomingMessage } from "node:http";

export interface Backend {
    readonly token: string;
    pass(request: IncomingMessage, body: Buffer): Promise<Response>;
    put(name: string, content: string): Promise<void>;
    get(name: string): Promise<Buffer | undefined>;
    list(prefix: string): Promise<string[]>;
    stop(): Promise<void>;
}
export const BUCKET = "iris-bucket";
export async function startBackend(): Promise<Backend> {
    const objs = new Map<string, { g: number; b: Buffer }>();
    let gen = 1000;
    return {
        token: "tok",
        async pass(req, body) {
            const u = new URL(req.url ?? "", "http://x");
            const err = (c: number, m: string) =>
                new Response(JSON.stringify({ error: { code: c, message: m } }), { status: c });
            const json = (o: unknown) => new Response(JSON.stringify(o));
            if (req.headers.authorization !== "Bearer tok") return err(401, "no token");
            let m = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(u.pathname);
            if (m) {
                const n = u.searchParams.get("name") ?? "";
                const c = objs.get(n);
                const p = u.searchParams.get("ifGenerationMatch");
                if (p !== null && Number(p) !== (c ? c.g : 0)) return err(412, "precondition");
                objs.set(n, { g: ++gen, b: body });
                return json({ name: n, generation: String(gen), metageneration: "1" });
            }
            m = /^\/storage\/v1\/b\/([^/]+)\/o$/.exec(u.pathname);
            if (m) {
                const pre = u.searchParams.get("prefix") ?? "";
                const all = [...objs.keys()].filter((k) => k.startsWith(pre)).sort();
                const at = Number(u.searchParams.get("pageToken") ?? 0);
                const per = Number(u.searchParams.get("maxResults") ?? 2);
                const items = all.slice(at, at + per).map((k) => ({
                    selfLink: `http://x/storage/v1/b/${m?.[1]}/o/${encodeURIComponent(k)}`,
                    name: k,
                    size: String(objs.get(k)?.b.length),
                    generation: String(objs.get(k)?.g),
                }));
                return json({ items, ...(at + per < all.length && { nextPageToken: String(at + per) }) });
            }
            m = /^\/storage\/v1\/b\/([^/]+)\/o\/(.+)$/.exec(u.pathname);
            if (m) {
                const n = decodeURIComponent(m[2] ?? "");
                const c = objs.get(n);
                if (!c) return err(404, "No such object");
                if (req.method === "DELETE") {
                    objs.delete(n);
                    return new Response(null, { status: 204 });
                }
                return u.searchParams.get("alt") === "media"
                    ? new Response(new Uint8Array(c.b))
                    : json({ generation: String(c.g) });
            }
            return err(501, "?");
        },
        async put(n, c) {
            objs.set(n, { g: ++gen, b: Buffer.from(c) });
        },
        async get(n) {
            return objs.get(n)?.b;
        },
        async list(p) {
            return [...objs.keys()].filter((k) => k.startsWith(p)).sort();
        },
        async stop() {},
    };
}
