import { createHash } from "node:crypto";
import path from "node:path";
import type { MockResourceArgs, MockResourceResult } from "@pulumi/pulumi/runtime";
import type { Properties, RehearsalContext } from "../../cli/start/rehearsal-context";
import { resourceTypes } from "../../cli/start/resources";
import type { TestEmulator } from "../../emulator/src/testing";
import { declareJob } from "../infra/declared-stack";

const PROJECT_DIR = path.resolve(__dirname, "../..");
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";
const DIGEST = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** One deployment of the program. */
export interface DeploymentArgs {
    emulator: TestEmulator;
    project: string;
    config?: Record<string, string>;
    secretKeys?: readonly string[];
    /** Access token of the deployer. */
    token?: string;
}

/**
 * Deploys the program to an emulator with the same requests as a rehearsal: every Google Cloud resource, an image
 * without layers, and a VM without user-data. The dynamic resources are omitted. After the first failure, nothing more
 * is created.
 *
 * @returns the messages of the failures
 */
export async function deploy({
    emulator,
    project,
    config = {},
    secretKeys = [],
    token = "developer",
}: DeploymentArgs): Promise<string[]> {
    const failures: string[] = [];
    const context: RehearsalContext = {
        url: emulator.url,
        host: new URL(emulator.url).host,
        projectDir: PROJECT_DIR,
        trainerDir: path.join(PROJECT_DIR, "trainer"),
        runtime: "process",
        gcp: { project, region: "us-central1", zone: "us-central1-a", accessToken: token },
        config: {},
        print: () => undefined,
        signal: new AbortController().signal,
    };
    const apply = async (args: MockResourceArgs): Promise<MockResourceResult | undefined> => {
        const create = args.type === "docker:index/image:Image" ? pushImage : resourceTypes[args.type];
        if (create === undefined || args.type.startsWith("pulumi-nodejs:") || failures.length > 0) {
            return undefined;
        }
        const inputs = plain(args.inputs) as Properties;
        if (args.type === "gcp:compute/instance:Instance") {
            inputs.metadata = { ...(inputs.metadata as Properties), "user-data": "" };
        }
        try {
            const { id, outputs } = await create({ ...args, inputs }, context);
            return { id, state: { ...args.inputs, ...outputs } };
        } catch (error) {
            failures.push((error as Error).message);
            return undefined;
        }
    };
    await declareJob(config, secretKeys, { apply, project });
    return failures;
}

/** Pushes an image without layers with the deployer's token, as the docker provider does. */
async function pushImage({ inputs }: { inputs: Properties }, { gcp }: RehearsalContext) {
    const [name = "", tag = ""] = String(inputs.imageName).split(/:(?=[^:/]+$)/);
    const image = `http://${name.replace("/", "/v2/")}`;
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: DIGEST("{}"), size: 2 };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
    const send = async (method: string, url: string, body: string, type: string) => {
        const headers = { authorization: `Bearer ${gcp.accessToken}`, "content-type": type };
        const response = await fetch(url, { method, body, headers });
        if (!response.ok) {
            throw new Error(await response.text());
        }
    };
    await send("POST", `${image}/blobs/uploads/?digest=${DIGEST("{}")}`, "{}", "application/octet-stream");
    await send("PUT", `${image}/manifests/${tag}`, manifest, mediaType);
    return { id: name, outputs: { repoDigest: `${name}@${DIGEST(manifest)}` } };
}

/** The inputs without Pulumi's secret markers. */
function plain(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(plain);
    }
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
        return value;
    }
    return SECRET_SIGNATURE in value && "value" in value
        ? plain(value.value)
        : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
