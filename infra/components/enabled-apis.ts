import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** What a job needs. Service Usage and Resource Manager must be on before: the gcp provider itself works through them. */
const SERVICES = ["compute", "artifactregistry", "iam", "storage", "logging"];

export interface EnabledApisArgs {
    /** Google Cloud project id. */
    project: pulumi.Input<string>;
    /** Whether VMs are to be reached through Identity-Aware Proxy. */
    iap: boolean;
}

/** The Google APIs of the job, switched on. They stay on when the stack is destroyed: others may use them. */
export class EnabledApis extends pulumi.ComponentResource {
    readonly services: gcp.projects.Service[];

    constructor(name: string, args: EnabledApisArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:EnabledApis", name, {}, opts);
        this.services = [...SERVICES, ...(args.iap ? ["iap"] : [])].map(
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
