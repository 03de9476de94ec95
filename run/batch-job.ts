import type * as pulumi from "@pulumi/pulumi";
import { type BatchJobInputs, batchJobProvider } from "./batch-job-provider";
import { CachedResource } from "./cached-resource";

/** Arguments for `BatchRunJob`. */
export type BatchRunJobArgs = { [Key in keyof BatchJobInputs]: pulumi.Input<BatchJobInputs[Key]> };

/**
 * The Batch job for a run, a resource that no Pulumi provider offers. Creating it starts the run, which then needs no
 * waiter; deleting it waits until the job's VMs are gone.
 */
export class BatchRunJob extends CachedResource {
    /** Id of the run's first job. */
    declare readonly jobId: pulumi.Output<string>;

    constructor(name: string, args: BatchRunJobArgs, opts?: pulumi.CustomResourceOptions) {
        super(batchJobProvider, name, { ...args }, opts, "BatchJob");
    }
}
