import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { mintToken } from "../../src/iam/tokens";
import { TestEmulator } from "../../src/testing";
import { PushEndpoint } from "./push-endpoint";

const PROJECT_ID = "demo-project";
const ROOT = `/v1/projects/${PROJECT_ID}`;
const TOPIC = `projects/${PROJECT_ID}/topics/finished`;
const SUBSCRIPTION = `projects/${PROJECT_ID}/subscriptions/finished`;
const PUBLISHER = `publisher@${PROJECT_ID}.iam.gserviceaccount.com`;

let emulator: TestEmulator;

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

const ok = (method: string, target: string, body?: object) =>
    emulator.ok(method, target, body === undefined ? {} : { body });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const publish = (text: string, token?: string | null, attributes: Record<string, string> = {}) =>
    emulator.call("POST", `/v1/${TOPIC}:publish`, {
        body: { messages: [{ data: base64(text), attributes }] },
        ...(token === undefined ? {} : { token }),
    });

/** Runs `test` with a topic and a subscription whose endpoint responds with these statuses. */
async function withEndpoint(
    { statuses = [204], ...settings }: { statuses?: number[]; noWrapper?: object; retryPolicy?: object },
    test: (endpoint: PushEndpoint) => Promise<void>,
): Promise<void> {
    const endpoint = new PushEndpoint(...statuses);
    const pushEndpoint = await endpoint.start();
    const { noWrapper, ...more } = settings;
    try {
        await ok("PUT", `/v1/${TOPIC}`, {});
        const pushConfig = { pushEndpoint, ...(noWrapper === undefined ? {} : { noWrapper }) };
        await ok("PUT", `/v1/${SUBSCRIPTION}`, { topic: TOPIC, pushConfig, ...more });
        await test(endpoint);
    } finally {
        await endpoint.stop();
    }
}

describe("a topic", () => {
    it("keeps its labels, is listed in its project, and survives a restart", async () => {
        const created = await ok("PUT", `/v1/${TOPIC}`, { labels: { team: "research" } });
        expect(created).toEqual({ name: TOPIC, labels: { team: "research" } });
        await emulator.restart();
        expect(await ok("GET", `${ROOT}/topics`)).toEqual({ topics: [created] });
        expect(await ok("GET", "/v1/projects/another-project/topics")).toEqual({});
        expect(await emulator.inventory()).toContainEqual({ kind: "Pub/Sub topic", name: TOPIC });
    });

    it("accepts messages only with a token whose account and scopes allow them", async () => {
        await ok("PUT", `/v1/${TOPIC}`, {});
        await ok("POST", `${ROOT}/serviceAccounts`, { accountId: "publisher" });
        const token = (scope: string) => mintToken(PUBLISHER, [`https://www.googleapis.com/auth/${scope}`]).accessToken;
        expect((await publish("{}", token("pubsub"))).status).toBe(403);
        const bindings = [{ role: "roles/pubsub.publisher", members: [`serviceAccount:${PUBLISHER}`] }];
        await ok("POST", `/v1/${TOPIC}:setIamPolicy`, { policy: { bindings } });

        expect((await publish("{}", token("pubsub"))).at("messageIds.0")).toMatch(/^\d+$/);
        const refused = await publish("{}", token("devstorage.read_write"));
        expect([refused.status, refused.at("error.message")]).toEqual([
            403,
            "Request had insufficient authentication scopes.",
        ]);
        expect((await publish("{}", null)).status).toBe(401);
        const other = await emulator.call("GET", `/v1/${TOPIC}`, { token: token("pubsub") });
        expect(other.status).toBe(403);
    });
});

describe("a push subscription", () => {
    it("sends the bare data, with metadata and attributes as headers, if the payload is not wrapped", async () => {
        await withEndpoint({ noWrapper: { writeMetadata: true } }, async (endpoint) => {
            const published = await publish('{"state":"SUCCEEDED"}', undefined, { "Content-Type": "application/json" });
            await endpoint.until(1);
            expect(endpoint.received[0]).toMatchObject({
                method: "POST",
                body: '{"state":"SUCCEEDED"}',
                headers: {
                    "content-type": "application/json",
                    "x-goog-pubsub-message-id": published.at("messageIds.0"),
                    "x-goog-pubsub-subscription-name": SUBSCRIPTION,
                },
            });
        });
    });

    it("sends a JSON object with the data in base64 if the payload is wrapped", async () => {
        await withEndpoint({}, async (endpoint) => {
            const published = await publish("text");
            await endpoint.until(1);
            expect(JSON.parse(endpoint.received[0]?.body ?? "")).toMatchObject({
                message: { data: base64("text"), messageId: published.at("messageIds.0") },
                subscription: SUBSCRIPTION,
            });
        });
    });

    it("retries a delivery until the endpoint acknowledges it, and does not follow redirects", async () => {
        const retryPolicy = { minimumBackoff: "0.01s", maximumBackoff: "0.02s" };
        await withEndpoint({ statuses: [500, 302, 429, 202], noWrapper: {}, retryPolicy }, async (endpoint) => {
            await publish("again");
            await endpoint.until(4);
            await publish("next");
            await endpoint.until(5);
            expect(endpoint.received.map(({ body }) => body)).toEqual([...Array(4).fill("again"), "next"]);
        });
    });

    it("retries a delivery at the new endpoint if the endpoint has changed in the meantime", async () => {
        const retryPolicy = { minimumBackoff: "0.01s", maximumBackoff: "0.01s" };
        await withEndpoint({ statuses: [503], retryPolicy }, async (first) => {
            await publish("text");
            await first.until(2);
            const second = new PushEndpoint(200);
            try {
                const subscription = { pushConfig: { pushEndpoint: await second.start() } };
                await ok("PATCH", `/v1/${SUBSCRIPTION}?updateMask=pushConfig`, { subscription });
                await second.until(1);
            } finally {
                await second.stop();
            }
        });
    });

    it("is readable only by the owner of the data folder, because its URL may be secret", async () => {
        await withEndpoint({}, async () => {
            const folder = path.join(emulator.dataDir, "pubsub/subscriptions");
            const modes = readdirSync(folder).map((file) => statSync(path.join(folder, file)).mode & 0o777);
            expect(modes).toEqual([0o600]);
        });
    });

    it.each([
        [400, { pushEndpoint: "http://example.com/" }],
        [400, { pushEndpoint: "https://" }],
        [501, {}],
    ])("returns %d for the push config %j, without the URL in the message", async (status, pushConfig) => {
        await ok("PUT", `/v1/${TOPIC}`, {});
        const answer = await emulator.call("PUT", `/v1/${SUBSCRIPTION}`, { body: { topic: TOPIC, pushConfig } });
        expect([answer.status, answer.text.includes("example.com")]).toEqual([status, false]);
    });

    it("receives no further messages once its topic has been deleted and created again", async () => {
        await withEndpoint({}, async (endpoint) => {
            await ok("DELETE", `/v1/${TOPIC}`);
            await ok("PUT", `/v1/${TOPIC}`, {});
            expect((await ok("GET", `/v1/${SUBSCRIPTION}`)).topic).toBe("_deleted-topic_");
            await publish("lost");
            await ok("DELETE", `/v1/${SUBSCRIPTION}`);
            expect(endpoint.received).toEqual([]);
        });
    });
});
