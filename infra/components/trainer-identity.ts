import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, owned, withoutLeftovers } from "../../run/cleanup";
import { literalPrefix } from "../../run/dataset-objects";
import { dataPrefix, runLayout } from "../../run/layout";
import { ownedDescription } from "../../run/marks";
import type { RemoteDataset, RemoteObjects } from "../dataset";
import type { Job } from "../training-job-args";

export interface TrainerIdentityArgs extends Pick<Job, "project"> {
    /** The part of the address before the `@`: 6 to 30 characters. */
    accountId: string;
    /** Name of the job's bucket. */
    bucket: pulumi.Input<string>;
    /** A dataset outside the job's bucket. If undefined, the account reads `data/` in the job's bucket. */
    remoteDataset?: RemoteDataset | RemoteObjects | undefined;
    /** The only repository that the account may pull from; undefined if the job need not grant access to it. */
    repository: { location: string; repository: pulumi.Input<string> } | undefined;
    /** True if the account belongs to the VMs of Batch jobs. */
    batch: boolean;
    cleanup: Cleanup;
}

/**
 * The VM's own service account. It may list the job's bucket, read the dataset, pull the trainer's image, write log
 * entries and, through a grant for each run, write the objects of that run. It has no key.
 */
export class TrainerIdentity extends pulumi.ComponentResource {
    readonly account: gcp.serviceaccount.Account;
    /**
     * The account's permissions that are the same for every run. The VM is created after them but still has to wait,
     * because a grant takes minutes to take effect.
     */
    readonly grants: pulumi.Resource[];
    readonly #name: string;
    readonly #cleanup: Cleanup;

    constructor(name: string, args: TrainerIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerIdentity", name, {}, opts);
        this.#name = name;
        this.#cleanup = args.cleanup;
        const { project, accountId, cleanup } = args;
        const grant = owned(this, cleanup);
        this.account = new gcp.serviceaccount.Account(
            name,
            {
                project,
                accountId,
                displayName: "gcp-trainer VM",
                description: cleanup.owner.apply((id) => ownedDescription("Trains models on one stack's VMs", id)),
                // Adopts an account that an interrupted command left behind. The hook rejects those that belong to
                // other stacks.
                createIgnoreAlreadyExists: true,
            },
            owned(this, cleanup, withoutLeftovers(cleanup, { kind: "service account", project, name: accountId })),
        );
        const { member } = this.account;
        const { bucket, remoteDataset } = args;
        this.grants = [
            // This grant is unconditional, because the permission to list objects is checked for the bucket as a whole.
            // Without it, a missing object returns 403 instead of 404.
            new gcp.storage.BucketIAMMember(
                `${name}-bucket-lister`,
                { bucket, role: "roles/storage.legacyBucketReader", member },
                grant,
            ),
            new gcp.storage.BucketIAMMember(
                `${name}-dataset-reader`,
                {
                    bucket: remoteDataset?.bucket ?? bucket,
                    role: "roles/storage.objectViewer",
                    member,
                    condition: remoteDataset ? isPartOf(remoteDataset) : startsWith(bucket, "data", dataPrefix),
                },
                grant,
            ),
            ...(args.repository
                ? [
                      new gcp.artifactregistry.RepositoryIamMember(
                          `${name}-image-puller`,
                          { project, ...args.repository, role: "roles/artifactregistry.reader", member },
                          grant,
                      ),
                  ]
                : []),
            new gcp.projects.IAMMember(
                `${name}-log-writer`,
                { project: args.project, role: "roles/logging.logWriter", member },
                grant,
            ),
            // Batch's agent on the VM reports the state of its task. The role has no other permission, but can be
            // granted only on a project.
            ...(args.batch
                ? [
                      new gcp.projects.IAMMember(
                          `${name}-agent-reporter`,
                          { project: args.project, role: "roles/batch.agentReporter", member },
                          grant,
                      ),
                  ]
                : []),
        ];
        this.registerOutputs();
    }

    /**
     * Lets the account write one run and no other, so that the code in a later run cannot change a finished one. See
     * docs/adr/0011-a-grant-for-one-run.md.
     */
    grantRun(bucket: pulumi.Input<string>, runId: pulumi.Input<string>): pulumi.Resource {
        const prefix = pulumi.output(runId).apply((id) => runLayout(id).root);
        return new gcp.storage.BucketIAMMember(
            `${this.#name}-runs-writer`,
            {
                bucket,
                // Overwriting an object requires the permission to delete it, which objectCreator lacks.
                role: "roles/storage.objectUser",
                member: this.account.member,
                condition: startsWith(bucket, "run", prefix),
            },
            // Otherwise, Pulumi would delete the earlier run's grant last, after waiting for this run.
            { ...owned(this, this.#cleanup), deleteBeforeReplace: true },
        );
    }
}

/** https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name */
function startsWith(bucket: pulumi.Input<string>, title: string, prefix: pulumi.Input<string>) {
    const expression = pulumi.interpolate`resource.name.startsWith("projects/_/buckets/${bucket}/objects/${prefix}")`;
    return { title: `gcp-trainer-${title}`, expression };
}

/** A condition cannot match a pattern, only the beginning of a name. */
function isPartOf(dataset: RemoteDataset | RemoteObjects) {
    const name = dataset.kind === "object" ? dataset.name : literalPrefix(dataset.pattern);
    const resource = JSON.stringify(`projects/_/buckets/${dataset.bucket}/objects/${name}`);
    const matches =
        dataset.kind === "object" ? `resource.name == ${resource}` : `resource.name.startsWith(${resource})`;
    return { title: "gcp-trainer-dataset", expression: matches };
}
