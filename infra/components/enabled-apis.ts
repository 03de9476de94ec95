import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { Job } from "../training-job-args";

/** The APIs of a job. Service Usage and Resource Manager must already be enabled, because the gcp provider itself needs them. */
const SERVICES = ["compute", "artifactregistry", "iam", "storage", "logging"];

export interface EnabledApisArgs extends Pick<Job, "project"> {
    /** True if people connect to the VM through Identity-Aware Proxy. */
    iap: boolean;
    /** True if the container has secret variables. */
    secretManager: boolean;
}

/** Enables the Google APIs of the job. They stay enabled after a destroy, because other programs may use them. */
export class EnabledApis extends pulumi.ComponentResource {
    readonly services: gcp.projects.Service[];

    constructor(name: string, args: EnabledApisArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:EnabledApis", name, {}, opts);
        const optional = [...(args.iap ? ["iap"] : []), ...(args.secretManager ? ["secretmanager"] : [])];
        this.services = [...SERVICES, ...optional].map(
            (service) =>
                new gcp.projects.Service(
                    `${name}-${service}`,
                    { project: args.project, service: `${service}.googleapis.com`, disableOnDestroy: false },
                    { parent: this },
                ),
        );
        this.registerOutputs();
    }
}
