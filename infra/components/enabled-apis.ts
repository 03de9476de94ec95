import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { beforeCreate } from "../../run/cleanup";
import { ReadyApis } from "../../run/ready-apis";
import type { Job } from "../training-job-args";

/**
 * The APIs that a job uses. Service Usage and Resource Manager must already be enabled, because the gcp provider itself
 * needs them.
 */
const SERVICES = ["compute", "artifactregistry", "iam", "storage", "logging"];

export interface EnabledApisArgs extends Pick<Job, "project" | "region"> {
    /** True if people connect to the VM through Identity-Aware Proxy. */
    iap: boolean;
    /** True if Batch runs the trainer. */
    batch: boolean;
    /** True if the container has secret variables. */
    secretManager: boolean;
    /** The topic to which the VM publishes; undefined for none. */
    topic: string | undefined;
    /** Rejects a deployer who lacks required roles. */
    roleCheck: pulumi.ResourceHookFunction;
}

/**
 * Enables the job's Google APIs, and waits until they accept requests. They stay enabled after a destroy, because other
 * programs may use them.
 */
export class EnabledApis extends pulumi.ComponentResource {
    /** The other resources depend on this one. */
    readonly ready: ReadyApis;

    constructor(name: string, args: EnabledApisArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:EnabledApis", name, {}, opts);
        const optional = [
            ...(args.iap ? ["iap"] : []),
            ...(args.secretManager ? ["secretmanager"] : []),
            ...(args.batch ? ["batch"] : []),
            ...(args.topic ? ["pubsub"] : []),
        ];
        const services = [...SERVICES, ...optional];
        const enabled = services.map(
            (service, index) =>
                new gcp.projects.Service(
                    `${name}-${service}`,
                    { project: args.project, service: `${service}.googleapis.com`, disableOnDestroy: false },
                    // One check is enough, because everything else waits for all services.
                    { parent: this, ...(index === 0 ? beforeCreate(args.roleCheck) : {}) },
                ),
        );
        this.ready = new ReadyApis(
            `${name}-ready`,
            { project: args.project, region: args.region, services },
            { parent: this, dependsOn: enabled },
        );
        this.registerOutputs();
    }
}
