import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { EmulatorOptions, FaultPlan } from "../../../emulator/src";
import { type BootConfig, renderUserData } from "../../../infra/user-data";
import { runLayout } from "../../../run/layout";
import { ACCOUNT, Backend, BUCKET, PROJECT_ID } from "./backend";
import { withShortLimits } from "./short-limits";
import { DATASET, RUN_ID, type Status } from "./vm";

const REGION = "us-central1";
const ZONE = `projects/${PROJECT_ID}/zones/${REGION}-a`;
const REPOSITORY = `projects/${PROJECT_ID}/locations/${REGION}/repositories/trainer`;
const SUBNETWORKS = `projects/${PROJECT_ID}/regions/${REGION}/subnetworks`;
export const INSTANCE = `iris-${RUN_ID}`;

/** A Node.js script or a shell command. A shell command starts much faster; the arguments are appended to it. */
export type Trainer = string | { readonly shell: string };

/** Options that override the default instance in these tests. */
export interface InstanceOptions {
    /** Value of `maxRunDuration`. Not set by default. */
    readonly maxRunDurationSeconds?: number;
    /** @default "e2-standard-2" */
    readonly machineType?: string;
    /** Modifies the rendered user-data. */
    readonly change?: (userData: string) => string;
}

/**
 * An instance in the emulator's Compute Engine, created through Google's APIs together with everything that a run
 * needs.
 */
export class EmulatedVm {
    readonly backend: Backend;
    readonly registryUri: string;

    constructor(backend: Backend, registryUri: string) {
        this.backend = backend;
        this.registryUri = registryUri;
    }

    /** Creates a bucket and a repository, runs `test`, and removes everything. */
    static async with(
        grantDelayMs: number,
        test: (vm: EmulatedVm) => Promise<void>,
        runtime: EmulatorOptions["runtime"] = "process",
        faults?: FaultPlan,
    ): Promise<void> {
        await EmulatedVm.on(await Backend.start(grantDelayMs, runtime, faults), test);
    }

    /** Does the same with an existing backend, which is stopped at the end. */
    static async on(backend: Backend, test: (vm: EmulatedVm) => Promise<void>): Promise<void> {
        try {
            await backend.bucket.put(DATASET, "a,b\n1,2\n");
            const parent = `/v1/projects/${PROJECT_ID}/locations/${REGION}/repositories`;
            await backend.post(`${parent}?repositoryId=trainer`, { format: "DOCKER" });
            const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${ACCOUNT}`] };
            await backend.post(`/v1/${REPOSITORY}:setIamPolicy`, { policy: { bindings: [binding] } });
            const { registryUri } = await backend.cloud.ok("GET", `/v1/${REPOSITORY}`);
            await test(new EmulatedVm(backend, String(registryUri)));
        } finally {
            await backend.stop();
        }
    }

    /**
     * Pushes the image for a trainer that consists of one Node.js script or one shell command.
     * @returns the image reference by digest
     */
    async pushTrainer(trainer: Trainer): Promise<string> {
        const folder = path.join(this.backend.cloud.dataDir, "trainer");
        mkdirSync(folder, { recursive: true });
        const [start, script] = typeof trainer === "string" ? ["node trainer.js", trainer] : [trainer.shell, ""];
        writeFileSync(path.join(folder, "package.json"), JSON.stringify({ scripts: { start } }));
        writeFileSync(path.join(folder, "trainer.js"), script);
        const image = `${this.registryUri}/trainer`;
        return String((await this.backend.post("/emulator/v1/images", { image, folder, content: "0" })).image);
    }

    /** Creates the instance and boots it. */
    async create(image: string, config: Partial<BootConfig> = {}, options: InstanceOptions = {}): Promise<void> {
        const rendered = renderUserData({
            project: PROJECT_ID,
            region: REGION,
            bucket: BUCKET,
            runId: RUN_ID,
            image,
            datasetUri: `gs://${BUCKET}/${DATASET}`,
            args: ["--name=a b"],
            ...withShortLimits(config),
        });
        await this.backend.post(`/compute/v1/projects/${PROJECT_ID}/global/networks`, {
            name: "training",
            autoCreateSubnetworks: false,
        });
        await this.backend.post(`/compute/v1/${SUBNETWORKS}`, {
            name: "training",
            network: `projects/${PROJECT_ID}/global/networks/training`,
            ipCidrRange: "10.0.0.0/24",
            privateIpGoogleAccess: true,
        });
        await this.backend.post(`/compute/v1/${ZONE}/instances`, {
            name: INSTANCE,
            machineType: `${ZONE}/machineTypes/${options.machineType ?? "e2-standard-2"}`,
            disks: [
                {
                    boot: true,
                    autoDelete: true,
                    initializeParams: { sourceImage: "projects/cos-cloud/global/images/family/cos-stable" },
                },
            ],
            networkInterfaces: [{ subnetwork: `${SUBNETWORKS}/training` }],
            serviceAccounts: [{ email: ACCOUNT, scopes: ["https://www.googleapis.com/auth/devstorage.read_write"] }],
            scheduling: {
                provisioningModel: "SPOT",
                instanceTerminationAction: "STOP",
                onHostMaintenance: "TERMINATE",
                automaticRestart: false,
                ...(options.maxRunDurationSeconds === undefined
                    ? {}
                    : { maxRunDuration: { seconds: options.maxRunDurationSeconds } }),
            },
            metadata: { items: [{ key: "user-data", value: options.change?.(rendered) ?? rendered }] },
        });
    }

    /** Starts the instance again, as `TrainingRun` does. */
    async startAgain(): Promise<void> {
        await this.backend.post(`/compute/v1/${ZONE}/instances/${INSTANCE}/start`);
    }

    async preempt(): Promise<void> {
        await this.backend.post(`/emulator/v1/${ZONE}/instances/${INSTANCE}:preempt`);
    }

    /** Waits until the VM is off. */
    async untilOff(): Promise<void> {
        while ((await this.#vmStatus()) !== "TERMINATED") {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Waits until an object exists. */
    async untilThere(name: string): Promise<void> {
        while ((await this.backend.bucket.get(name)) === undefined) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Waits until the run's status has this state. */
    async untilSays(state: string): Promise<void> {
        while ((await this.status())?.state !== state) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Waits for this output on the serial port. */
    async untilPrinted(text: RegExp): Promise<void> {
        while (!text.test(await this.serialPort())) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    async status(): Promise<Status | undefined> {
        const text = await this.backend.bucket.get(runLayout(RUN_ID).status);
        return text === undefined ? undefined : (JSON.parse(text) as Status);
    }

    /** Returns the serial port's output so far. */
    async serialPort(): Promise<string> {
        const target = `/compute/v1/${ZONE}/instances/${INSTANCE}/serialPort?port=1`;
        return String((await this.backend.cloud.ok("GET", target)).contents);
    }

    async #vmStatus(): Promise<string> {
        return String((await this.backend.cloud.ok("GET", `/compute/v1/${ZONE}/instances/${INSTANCE}`)).status);
    }
}
