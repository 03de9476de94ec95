import { createHash } from "node:crypto";
import { TestEmulator } from "../../src/testing";

const PARENT = "/v1/projects/demo-project/locations/us-central1/repositories";
export const IMAGE = "/v2/demo-project/images/group/tiny";
/** A service account that can only pull from the repository `images`. */
export const READER = "reader@demo-project.iam.gserviceaccount.com";

export const digest = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;
export const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
export const code = (answer: { at(path: string): unknown }) => answer.at("errors.0.code");

/** An emulator with the repositories `images` and `others`. */
export class TestRegistry {
    readonly emulator: TestEmulator;

    constructor(emulator: TestEmulator) {
        this.emulator = emulator;
    }

    static async start(): Promise<TestRegistry> {
        const emulator = await TestEmulator.start();
        for (const id of ["images", "others"]) {
            await emulator.call("POST", `${PARENT}?repositoryId=${id}`, { body: { format: "DOCKER" } });
        }
        await emulator.call("POST", "/v1/projects/demo-project/serviceAccounts", {
            body: { accountId: "reader", serviceAccount: {} },
        });
        const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${READER}`] };
        await emulator.call("POST", `${PARENT}/images:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
        return new TestRegistry(emulator);
    }

    /** Uploads a blob in one request. */
    async upload(content: string, image = IMAGE): Promise<string> {
        const target = `${image}/blobs/uploads/?digest=${digest(content)}`;
        const answer = await this.emulator.call("POST", target, { body: content });
        expect(answer.status).toBe(201);
        return digest(content);
    }

    /** Uploads a manifest's blobs and returns the manifest's text. */
    async manifestOf(config: string, layer: string, image = IMAGE): Promise<string> {
        return JSON.stringify({
            schemaVersion: 2,
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            config: {
                mediaType: "application/vnd.oci.image.config.v1+json",
                digest: await this.upload(config, image),
                size: config.length,
            },
            layers: [
                {
                    mediaType: "application/vnd.oci.image.layer.v1.tar",
                    digest: await this.upload(layer, image),
                    size: layer.length,
                },
            ],
        });
    }

    put(reference: string, body: string, image = IMAGE) {
        return this.emulator.call("PUT", `${image}/manifests/${reference}`, {
            body,
            headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
        });
    }
}
