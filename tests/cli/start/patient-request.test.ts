import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { GoogleApiError, sendPatiently } from "../../../cli/start/patient-request";
import type { CreatedResource, Properties, RehearsalContext } from "../../../cli/start/rehearsal-context";
import { resourceTypes } from "../../../cli/start/resources";
import { FaultPlan, parseFaultRule } from "../../../emulator/src";
import { TestEmulator } from "../../../emulator/src/testing";

const PROJECT_ID = "demo-project";
const MEMBER = `serviceAccount:trainer@${PROJECT_ID}.iam.gserviceaccount.com`;

/** Resources, each of which depends only on earlier ones in the list. */
const RESOURCES: readonly (readonly [type: string, inputs: Properties])[] = [
    ["gcp:projects/service:Service", { service: "compute.googleapis.com" }],
    ["gcp:storage/bucket:Bucket", { name: "patient-bucket", location: "US", forceDestroy: true }],
    ["gcp:storage/bucketObject:BucketObject", { name: "data.csv", bucket: "patient-bucket" }],
    ["gcp:serviceaccount/account:Account", { accountId: "trainer" }],
    [
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        { bucket: "patient-bucket", role: "roles/storage.objectViewer", member: MEMBER },
    ],
    ["gcp:projects/iAMMember:IAMMember", { role: "roles/logging.logWriter", member: MEMBER }],
    [
        "gcp:artifactregistry/repository:Repository",
        { repositoryId: "images", location: "us-central1", format: "DOCKER" },
    ],
    [
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        { repository: "images", location: "us-central1", role: "roles/artifactregistry.reader", member: MEMBER },
    ],
    ["gcp:secretmanager/secret:Secret", { secretId: "key", replication: { automatic: {} } }],
    [
        "gcp:secretmanager/secretVersion:SecretVersion",
        { secret: `projects/${PROJECT_ID}/secrets/key`, secretData: "x" },
    ],
    ["gcp:compute/network:Network", { name: "net", autoCreateSubnetworks: false }],
    [
        "gcp:compute/subnetwork:Subnetwork",
        { name: "sub", network: `projects/${PROJECT_ID}/global/networks/net`, ipCidrRange: "10.0.0.0/24" },
    ],
];

/** Faults after which a single request can be repeated. */
const KINDS = [
    "refuse,ms=50",
    "reset-before",
    "reset-after",
    ...[401, 429, 503].map((status) => `status,status=${status}`),
    "half-body",
    "truncated-body",
    "empty-body",
    "html",
];

describe("the resources of a rehearsal, when requests fail temporarily,", () => {
    // Concurrent tests do not wait for beforeAll.
    const folder = mkdtempSync(path.join(tmpdir(), "patient-"));
    writeFileSync(path.join(folder, "data.csv"), "a,b\n1,2\n");
    afterAll(() => rmSync(folder, { recursive: true }));

    function contextOf(emulator: TestEmulator): RehearsalContext {
        return {
            url: emulator.url,
            host: new URL(emulator.url).host,
            projectDir: folder,
            trainerDir: folder,
            runtime: "process",
            gcp: { project: PROJECT_ID, region: "us-central1", zone: "us-central1-a", accessToken: "developer" },
            config: {},
            print: () => undefined,
            signal: new AbortController().signal,
        };
    }

    // Every third request fails, so that a request and its retry never both fail. The kinds of fault take turns. Each
    // run starts at a different request and kind, so that each request fails in several ways.
    test.concurrent.each([1, 2, 3, 4, 5, 6])(
        "are each created once, and deleted, in run %d with every kind of fault",
        async (run) => {
            const plan = new FaultPlan([]);
            const emulator = await TestEmulator.start({ faults: plan });
            try {
                const before = await emulator.inventory();
                const context = contextOf(emulator);
                const rules = Array.from(
                    { length: 40 },
                    (_, index) => `kind=${KINDS[(index + run) % KINDS.length]},request=${(run % 3) + 1 + 3 * index}`,
                );
                plan.replace(rules.map(parseFaultRule));
                const created: CreatedResource[] = [];
                for (const [type, inputs] of RESOURCES) {
                    const source = { source: new pulumi.asset.FileAsset("data.csv") };
                    const all = type.endsWith(":BucketObject") ? { ...inputs, ...source } : inputs;
                    const create = resourceTypes[type] as NonNullable<(typeof resourceTypes)[string]>;
                    created.push(await create({ type, name: "one", inputs: all } as never, context));
                }
                expect(created.find(({ id }) => id.includes("/versions/"))?.outputs.version).toBe("1");
                expect(await emulator.inventory()).not.toEqual(before);
                for (const { destroy } of created.reverse()) {
                    await destroy?.(context);
                }
                expect(plan.hits.length).toBeGreaterThan(KINDS.length);
                expect(await emulator.inventory()).toEqual(before);
            } finally {
                await emulator.stop();
            }
        },
    );
});

describe("sendPatiently", () => {
    async function withServer(
        answers: readonly (readonly [status: number, body: string])[],
        test: (url: string, count: () => number) => Promise<void>,
    ): Promise<void> {
        let count = 0;
        const server = createServer((_, response) => {
            const [status, body] = answers[Math.min(count, answers.length - 1)] as readonly [number, string];
            count += 1;
            response.writeHead(status).end(body);
        });
        await new Promise<void>((resolve) => {
            server.listen(0, "127.0.0.1", resolve);
        });
        try {
            await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, () => count);
        } finally {
            server.close();
            server.closeAllConnections();
        }
    }

    const post = (url: string, findEffect?: () => Promise<Properties | undefined>) =>
        sendPatiently({ url, method: "POST", headers: {}, body: () => "{}", title: "POST /", findEffect });

    it("reports a rejection after three attempts, but a missing resource immediately", async () => {
        const rejected = [400, '{"error": {"message": "wrong name"}}'] as const;
        await withServer([rejected], async (url, count) => {
            await expect(post(url)).rejects.toThrow(new GoogleApiError(400, "POST /: wrong name"));
            expect(count()).toBe(3);
        });
        await withServer([[404, "{}"]], async (url, count) => {
            await expect(post(url)).rejects.toThrow(GoogleApiError);
            expect(count()).toBe(1);
        });
    });

    it("repeats a request whose response is not JSON, whatever its status", async () => {
        const broken = [
            [404, ""],
            [403, "<!doctype html>"],
        ] as const;
        await withServer([...broken, [200, '{"name": "found"}']], async (url, count) => {
            await expect(post(url)).resolves.toEqual({ name: "found" });
            expect(count()).toBe(3);
        });
    });

    it("treats the deletion of a missing resource as successful, because the network may have repeated the request", async () => {
        await withServer([[404, '{"error": {"message": "no such object"}}']], async (url) => {
            await expect(sendPatiently({ url, method: "DELETE", headers: {}, title: "" })).resolves.toEqual({});
        });
    });

    it("attributes a conflict to its own earlier attempt only if that attempt may have taken effect", async () => {
        const conflict = [409, '{"error": {"message": "it exists"}}'] as const;
        const searches: string[] = [];
        const findLate = async () => (searches.push("search") > 1 ? { name: "own" } : undefined);
        await withServer([[503, "{}"], conflict], async (url) => {
            await expect(post(url, findLate)).resolves.toEqual({ name: "own" });
        });
        await withServer([conflict], async (url) => {
            await expect(post(url, async () => ({ name: "foreign" }))).rejects.toThrow("POST /: it exists");
        });
    });
});
