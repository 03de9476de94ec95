import * as pulumi from "@pulumi/pulumi";
import { BatchRunJob } from "../../run/batch-job";
import { type Cleanup, owned, plannerOf } from "../../run/cleanup";
import { removeAllInstances } from "../../run/leftovers";
import type { SweepRun } from "../../run/sweep-rows";
import type { BatchRun } from "../../run/training-run-provider";
import { batchPlan } from "../batch-definition";
import type { Job } from "../training-job-args";
import type { BootConfig, BootSweep } from "../user-data";

export interface TrainerJobArgs extends Job {
    /** Ends in the run id, so that a new run gets a new job. */
    jobId: pulumi.Output<string>;
    bucket: pulumi.Input<string>;
    /** The task and its time limits. */
    boot: pulumi.Output<BootConfig>;
    /** Removes the job. */
    cleanup: Cleanup;
    dependsOn: pulumi.Resource[];
}

/** The Google Batch job that trains one run. Batch starts its VM, retries interrupted attempts, and removes the VM. */
export class TrainerJob extends pulumi.ComponentResource {
    readonly job: BatchRunJob;
    readonly run: pulumi.Output<BatchRun>;

    constructor(name: string, args: TrainerJobArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerJob", name, {}, opts);
        const { project, region, spotFallback, maxAttempts, cleanup } = args;
        const machine = pulumi.output({
            zones: args.zones,
            machineType: args.machineType,
            bootDiskSizeGb: args.bootDiskSizeGb,
            bootDiskType: args.bootDiskType,
            provisioning: args.provisioning,
            gpuType: args.gpuType,
            gpuCount: args.gpuCount,
            network: args.network,
            subnetwork: args.subnetwork,
            externalIp: args.externalIp,
            serviceAccount: args.serviceAccount,
            labels: args.labels,
        });
        const plan = pulumi.all([args.boot, machine]).apply(([boot, { provisioning, zones, ...rest }]) =>
            batchPlan(boot, {
                ...rest,
                project,
                region,
                parallelism: args.parallelism,
                zones: zones.includes("any") ? [] : zones,
                spot: provisioning === "spot",
            }),
        );
        const definition = plan.apply((each) => each.definition);
        const sweep = args.boot.apply((boot) => boot.sweep && sweepRun(boot.sweep)) as pulumi.Output<SweepRun>;
        this.job = new BatchRunJob(
            name,
            {
                project,
                region,
                jobId: args.jobId,
                bucket: args.bucket,
                runId: args.boot.apply(({ runId }) => runId),
                definition,
                bundleName: plan.apply(({ bundleName }) => bundleName),
                bundle: plan.apply(({ bundle }) => bundle),
                maxAttempts,
                spotFallback,
                sweep,
                points: args.boot.apply((boot) => boot.sweep && pointList(boot.sweep.points)) as pulumi.Output<string>,
            },
            // A job cannot be changed, and the earlier one must end before its run is started again.
            {
                ...owned(this, cleanup, {
                    // A stack that has just changed its engine still has the VM of its last run.
                    beforeCreate: [async () => removeAllInstances(await plannerOf(cleanup), project)],
                }),
                dependsOn: [cleanup, ...args.dependsOn],
                deleteBeforeReplace: true,
            },
        );
        this.run = pulumi.output({
            jobId: this.job.jobId,
            region,
            definition,
            spotFallback,
            sweep,
        }) as unknown as pulumi.Output<BatchRun>;
        this.registerOutputs();
    }
}

/** The points and their arguments, as JSON. */
function pointList(points: BootSweep["points"]): string {
    return JSON.stringify(points.map(({ id, arguments: given }) => ({ id, arguments: given })));
}

function sweepRun({ points, metric, goal, isArray }: BootSweep): SweepRun {
    return { count: points.length, metric, goal, ...(isArray ? { isArray } : {}) };
}
