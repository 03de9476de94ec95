import type { IncomingMessage } from "node:http";
import type { EmulatorOptions, FaultPlan } from "../../../emulator/src";
import { mintToken } from "../../../emulator/src/iam/tokens";
import { type TestBucket, TestEmulator } from "../../../emulator/src/testing";

export const BUCKET = "iris-bucket";
export const PROJECT_ID = "demo-project";
export const RUN_ID = "r-0123456789";
/** The VM's service account. */
export const ACCOUNT = `trainer-vm@${PROJECT_ID}.iam.gserviceaccount.com`;

/**
 * An emulator with one bucket, and an account with the stack's grants. The account may list the bucket, read `data/`
 * and write the objects in one run's folder.
 */
export class Backend {
    readonly cloud: TestEmulator;
    readonly bucket: TestBucket;
    /** Access token for the VM's service account. */
    readonly token = mintToken(ACCOUNT).accessToken;

    constructor(cloud: TestEmulator) {
        this.cloud = cloud;
        this.bucket = cloud.bucket(BUCKET);
    }

    static async start(
        grantDelayMs = 0,
        runtime: EmulatorOptions["runtime"] = "process",
        faults?: FaultPlan,
    ): Promise<Backend> {
        return await Backend.on(await TestEmulator.start({ runtime, grantDelayMs, ...(faults && { faults }) }));
    }

    /** Creates the bucket, the account and its grants in a new emulator. */
    static async on(cloud: TestEmulator): Promise<Backend> {
        const backend = new Backend(cloud);
        try {
            await backend.post(`/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId: ACCOUNT.split("@")[0] });
            await backend.cloud.makeBucket(BUCKET, { versioning: { enabled: true } }, PROJECT_ID);
            await backend.grant();
        } catch (error) {
            await backend.stop();
            throw error;
        }
        return backend;
    }

    /** Forwards a request from the VM. */
    async pass(request: IncomingMessage, body: Buffer): Promise<Response> {
        const headers = new Headers();
        for (const name of ["authorization", "content-type"] as const) {
            const value = request.headers[name];
            if (value !== undefined) {
                headers.set(name, value);
            }
        }
        const method = request.method ?? "GET";
        const content = method === "POST" ? new Uint8Array(body) : null;
        return await fetch(this.cloud.url + request.url, { method, headers, body: content });
    }

    /** Stops the emulator and starts another with the same data on the same port. */
    async restart(): Promise<void> {
        await this.cloud.restart({ port: this.cloud.port, grantDelayMs: 0 });
    }

    stop(): Promise<void> {
        return this.cloud.stop();
    }

    /** Posts JSON as the developer and returns the response's JSON. */
    post(path: string, body: object = {}): Promise<Record<string, unknown>> {
        return this.cloud.ok("POST", path, { body });
    }

    /** Creates a secret with these versions, accessible to the VM's account. Returns the secret's name. */
    async makeSecret(id: string, ...payloads: (string | Buffer)[]): Promise<string> {
        const name = `projects/${PROJECT_ID}/secrets/${id}`;
        await this.post(`/v1/projects/${PROJECT_ID}/secrets?secretId=${id}`, { replication: { automatic: {} } });
        for (const payload of payloads) {
            const data = Buffer.from(payload).toString("base64");
            await this.post(`/v1/${name}:addVersion`, { payload: { data } });
        }
        const binding = { role: "roles/secretmanager.secretAccessor", members: [`serviceAccount:${ACCOUNT}`] };
        await this.post(`/v1/${name}:setIamPolicy`, { policy: { bindings: [binding] } });
        return name;
    }

    /** Creates a topic that pushes to a URL and to which the VM's account may publish. Returns the topic's name. */
    async makeTopic(pushEndpoint: string): Promise<string> {
        const name = `projects/${PROJECT_ID}/topics/finished`;
        await this.cloud.ok("PUT", `/v1/${name}`, { body: {} });
        const body = { topic: name, pushConfig: { pushEndpoint, noWrapper: { writeMetadata: true } } };
        await this.cloud.ok("PUT", `/v1/projects/${PROJECT_ID}/subscriptions/finished`, { body });
        const binding = { role: "roles/pubsub.publisher", members: [`serviceAccount:${ACCOUNT}`] };
        await this.post(`/v1/${name}:setIamPolicy`, { policy: { bindings: [binding] } });
        return name;
    }

    /** Grants the VM's account its roles on the bucket. */
    async grant(): Promise<void> {
        const members = [`serviceAccount:${ACCOUNT}`];
        const under = (prefix: string) => ({
            title: prefix,
            expression: `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${prefix}/")`,
        });
        await this.#setBindings([
            { role: "roles/storage.legacyBucketReader", members },
            { role: "roles/storage.objectViewer", members, condition: under("data") },
            { role: "roles/storage.objectUser", members, condition: under(`runs/${RUN_ID}`) },
        ]);
    }

    /** Revokes the account's roles on the bucket. */
    async revoke(): Promise<void> {
        await this.#setBindings([]);
    }

    async #setBindings(bindings: object[]): Promise<void> {
        await this.cloud.ok("PUT", `/storage/v1/b/${BUCKET}/iam`, { body: { version: 3, bindings } });
    }
}
