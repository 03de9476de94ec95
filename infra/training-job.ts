import * as pulumi from "@pulumi/pulumi";
import { beforeCreate, Cleanup, type CleanupArgs, gcpConfig } from "../run/cleanup";
import { type Needs, roleCheck } from "../run/deployer-roles";
import { parseImage } from "../run/image-reference";
import { jobLabel, ownerLabel } from "../run/marks";
import { topicOf } from "../run/notification-target";
import { SavedResults } from "../run/saved-results";
import { fullVersionName, isSecretVersion, parseSecretVersion } from "../run/secret-version";
import { TrainingRun } from "../run/training-run";
import { DataBucket } from "./components/data-bucket";
import { EnabledApis } from "./components/enabled-apis";
import { Notification } from "./components/notification";
import { PrivateNetwork } from "./components/private-network";
import { Secrets } from "./components/secrets";
import { TrainerIdentity } from "./components/trainer-identity";
import { TrainerImage } from "./components/trainer-image";
import { TrainerJob, type TrainerJobArgs } from "./components/trainer-job";
import { TrainerVm, type TrainerVmArgs } from "./components/trainer-vm";
import { parseDataset } from "./dataset";
import { DEFAULTS, PUBSUB_SCOPE, PULL_SECONDS, SECRETS_SCOPE, UPLOAD_SECONDS } from "./defaults";
import { findImage } from "./existing-image";
import { jobNames } from "./names";
import { type RunIdentity, runId } from "./run-id";
import { bootSweep, tasksIdentity } from "./sweep";
import type { Job, TrainingJobArgs } from "./training-job-args";
import { type BootConfig, type BootSweep, trainerArgs } from "./user-data";

/**
 * Trains a model on a Google Cloud VM and downloads the verified result. This component contains every resource in the
 * job.
 */
export class TrainingJob extends pulumi.ComponentResource {
    /** `gs://` URI of the job's bucket. */
    readonly bucketUrl: pulumi.Output<string>;
    /** `gs://` URI of the model's folder. */
    readonly modelUri: pulumi.Output<string>;
    /** `r-` and ten hex digits. The same dataset, image, parameters and environment produce the same id. */
    readonly runId: pulumi.Output<string>;
    /** The model's metrics, measured on rows that it was not trained on, without the long lists in `metrics.json`. */
    readonly metrics: pulumi.Output<Record<string, unknown>>;
    /** `sha256:...` of the trainer's image. */
    readonly imageDigest: pulumi.Output<string>;
    /** The name of the VM, or the id of the Batch job. */
    readonly instanceName: pulumi.Output<string>;
    /** The VM's log, or the Batch job, in the Google Cloud console. */
    readonly logsUrl: pulumi.Output<string>;
    /** Folder with the results on this machine, relative to the project folder. */
    readonly resultsDir: pulumi.Output<string>;
    /** The sweep's best point, the numbers of points and the path of the table; undefined for any other run. */
    readonly sweep: pulumi.Output<Record<string, unknown> | undefined>;
    /** The cost of the run, including all attempts; undefined if the price is unknown or the run has not ended. */
    readonly runCost: TrainingRun["cost"];
    /** Resources that are billed until they are destroyed, even though the VM is off. */
    readonly leftToBill: pulumi.Output<string[]>;

    /** @throws RunError if the dataset is neither a path nor a `gs://` URI, or `secretEnv` has no secret version */
    constructor(name: string, args: TrainingJobArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:index:TrainingJob", name, {}, opts);
        const job: Job = withoutSecrets({ ...DEFAULTS, ...args });
        const { project, region } = job;
        const stack = pulumi.getStack();
        const names = jobNames({ project, pulumiProject: pulumi.getProject(), stack, component: name });
        const dataset = parseDataset(job.dataset);
        if (!dataset) {
            throw new pulumi.RunError(
                `dataset must be a file or folder, or gs://<bucket>/<name>; got ${JSON.stringify(job.dataset)}`,
            );
        }
        const topic = topicOf(job.notify, project, names.topic);
        const child = { parent: this };

        const secretNames = [...Object.keys(job.secretEnv), ...Object.keys(job.secretValues)];
        const usesSecrets = secretNames.length > 0;
        const ownScopes = [...(usesSecrets ? [SECRETS_SCOPE] : []), ...(topic ? [PUBSUB_SCOPE] : [])];
        const usesBatch = job.engine === "batch";
        const needs: Needs = {
            vm: !usesBatch,
            batch: usesBatch,
            apis: job.enableApis,
            account: !job.serviceAccount,
            network: !job.network,
            firewall: !job.network && job.debugMinutes > 0,
            secrets: Object.keys(job.secretValues).length > 0,
            topic: topic !== undefined && topic !== job.notify,
        };
        const roles = roleCheck(project, needs, gcpConfig);
        const used = { iap: job.debugMinutes > 0, secretManager: usesSecrets, batch: usesBatch };
        const apis = job.enableApis
            ? new EnabledApis(`${name}-apis`, { project, region, ...used, topic, roleCheck: roles }, child)
            : undefined;
        const everything: CleanupArgs = {
            scope: "everything",
            existingOwner: "",
            project,
            region,
            bucket: names.bucket,
            repository: names.repository,
            account: job.serviceAccount ? "" : names.account,
            network: names.network,
            subnetwork: names.subnetwork,
            firewall: names.firewall,
            sharedBuckets: dataset.kind === "file" ? [] : [dataset.bucket],
            sharedSecrets: Object.values(job.secretEnv)
                .map(parseSecretVersion)
                .map((version) => `projects/${version.project}/secrets/${version.secret}`),
            ...(usesBatch ? { batchSubnetwork: names.batchSubnetwork } : {}),
            ...(topic ? { topic } : {}),
        };
        const cleanup = new Cleanup(`${name}-cleanup`, everything, {
            ...child,
            ...beforeCreate(roles),
            dependsOn: apis ? [apis.ready] : [],
        });
        const labels = pulumi
            .all([job.labels, cleanup.owner])
            .apply(([own, owner]) => ({ ...own, [jobLabel]: names.label, [ownerLabel]: owner }));

        const dataArgs = { ...job, bucketName: names.bucket, labels, dataset, cleanup };
        const data = new DataBucket(`${name}-data`, dataArgs, child);
        const bucket = data.bucket.name;
        const savedResults = new SavedResults(
            `${name}-saved-results`,
            { bucket, stack, resultsDir: job.resultsDir, saveCheckpoints: job.saveCheckpoints },
            { parent: this, dependsOn: data.bucket },
        );
        // A destroy runs in reverse order, so it removes the VM before it saves the results.
        const vmCleanup = new Cleanup(
            `${name}-vm-cleanup`,
            { ...everything, scope: "instances", existingOwner: cleanup.owner },
            { parent: this, dependsOn: [savedResults] },
        );

        const built = job.image
            ? undefined
            : new TrainerImage(
                  `${name}-image`,
                  { ...job, repositoryName: names.repository, labels, component: name, cleanup },
                  child,
              );
        const image = built ?? findImage(job.image, this);
        const source = parseImage(job.image)?.repository;
        // Only the owner of another project's repository can let the account pull from it.
        const existing = source && source.project === project ? source : undefined;
        const repository = built
            ? { location: region, repository: built.repository.repositoryId }
            : existing && { location: existing.location, repository: existing.repositoryId };

        const identity = job.serviceAccount
            ? undefined
            : new TrainerIdentity(
                  `${name}-identity`,
                  {
                      project,
                      accountId: names.account,
                      bucket,
                      remoteDataset: dataset.kind === "file" ? undefined : dataset,
                      repository,
                      batch: usesBatch,
                      cleanup,
                  },
                  child,
              );
        const serviceAccount = identity?.account.email ?? job.serviceAccount;

        const secrets = usesSecrets
            ? new Secrets(
                  `${name}-secrets`,
                  {
                      project,
                      region,
                      secretPrefix: names.secretPrefix,
                      labels,
                      kmsKey: job.kmsKey,
                      values: job.secretValues,
                      existing: job.secretEnv,
                      reader: identity?.account.member,
                      cleanup,
                  },
                  child,
              )
            : undefined;
        const secretEnv = secrets?.versions ?? {};

        const notification = topic
            ? new Notification(`${name}-notification`, { ...job, topic, labels, identity, cleanup }, child)
            : undefined;

        const own = job.network
            ? undefined
            : new PrivateNetwork(
                  `${name}-network`,
                  {
                      project,
                      region,
                      networkName: names.network,
                      subnetworkName: usesBatch ? names.batchSubnetwork : names.subnetwork,
                      isWide: usesBatch,
                      firewallName: names.firewall,
                      debugAccount: job.debugMinutes > 0 ? serviceAccount : undefined,
                      cleanup,
                  },
                  child,
              );

        const runIdentity = pulumi.output({
            dataset: data.dataset.hash,
            image: image.digest,
            hyperparameters: job.hyperparameters,
            target: job.target,
            dropColumns: job.dropColumns,
            env: job.env,
            secretEnv,
            ...tasksIdentity(job),
        }) as unknown as pulumi.Output<RunIdentity>;
        this.runId = runIdentity.apply(runId);

        const list = data.writeList(`${name}-dataset-list`, this.runId, dataArgs);
        const runGrants = identity ? [identity.grantRun(bucket, this.runId)] : [];
        const machineArgs = {
            ...job,
            labels,
            network: own?.network.id ?? job.network,
            subnetwork: own?.subnetwork.id ?? job.subnetwork,
            serviceAccount,
            boot: bootConfig(job, {
                runId: this.runId,
                sweep: runIdentity.apply((each) => bootSweep(job, each)),
                bucket,
                image: image.reference,
                datasetUri: data.dataset.uri,
                datasetObject: data.dataset.firstObject,
                datasetList: list.uri,
                secretEnv,
                notification: topic ? { topic, stack, runName: job.runName } : undefined,
            }),
            cleanup: vmCleanup,
            dependsOn: [identity?.grants, runGrants, secrets?.grants, notification?.resources, list.objects].flatMap(
                (each) => each ?? [],
            ),
        };
        const machine = usesBatch
            ? this.#batchJob(name, { ...machineArgs, bucket, jobId: this.runId.apply(names.batchJob) })
            : this.#vm(name, {
                  ...machineArgs,
                  instanceName: this.runId.apply(names.instance),
                  scopes: pulumi.output(job.scopes).apply((all) => [...all, ...ownScopes]),
              });

        const run = new TrainingRun(
            `${name}-run`,
            {
                bucket,
                runId: this.runId,
                stack,
                resultsDir: job.resultsDir,
                saveCheckpoints: job.saveCheckpoints,
                project,
                zone: machine.zone,
                instance: machine.name,
                wait: job.wait,
                maxAttempts: job.maxAttempts,
                debugMinutes: job.debugMinutes,
                externalIp: job.externalIp,
                privateSubnetwork: own === undefined,
                spotFallback: pulumi.output(job.spotFallback).apply((to) => (to === "none" ? undefined : to)),
                price: job.price,
                provenance: {
                    datasetUri: data.dataset.uri,
                    datasetMd5: data.dataset.md5,
                    datasetCrc32c: data.dataset.crc32c,
                    datasetGeneration: data.dataset.generation,
                    ...(dataset.kind === "objects" ? { datasetObjects: data.dataset.objects } : {}),
                    imageDigest: image.digest,
                    hyperparameters: job.hyperparameters,
                    target: job.target,
                    dropColumns: pulumi.output(job.dropColumns).apply((columns) => [...columns]),
                    env: pulumi.output(job.env).apply((env) => [...Object.keys(env), ...secretNames].sort()),
                    machineType: job.machineType,
                    provisioning: machine.provisioning,
                    runName: job.runName,
                },
                ...(machine.batch ? { batch: machine.batch } : {}),
            },
            { parent: this, dependsOn: [machine.resource, savedResults] },
        );

        this.bucketUrl = pulumi.interpolate`gs://${bucket}`;
        this.modelUri = run.modelUri;
        this.metrics = run.metrics;
        this.sweep = run.sweep;
        this.runCost = run.cost;
        this.imageDigest = image.digest;
        this.instanceName = machine.name;
        this.logsUrl = machine.logsUrl;
        this.resultsDir = run.runResultsDir;
        this.leftToBill = pulumi
            .all([machine.name, job.bootDiskSizeGb, built?.repository.registryUri, this.bucketUrl])
            .apply(([vmName, sizeGb, registryUri, url]) => [
                ...(usesBatch ? [] : [`boot disk of ${vmName}, ${sizeGb} GB`]),
                ...(registryUri ? [`images in ${registryUri}`] : []),
                `objects in ${url}${job.softDeleteDays > 0 ? `, and deleted ones for ${job.softDeleteDays} days` : ""}`,
                ...Object.keys(job.secretValues).map((variable) => `secret ${names.secretPrefix}-${variable}`),
            ]);
        this.registerOutputs();
    }

    #vm(name: string, args: TrainerVmArgs): Machine {
        const { instance, zone, provisioning } = new TrainerVm(`${name}-vm`, args, { parent: this });
        const url = instance.instanceId.apply((id) => logsUrl(args.project, id));
        return { resource: instance, name: instance.name, logsUrl: url, zone, provisioning };
    }

    #batchJob(name: string, args: TrainerJobArgs): Machine {
        const { job, run } = new TrainerJob(`${name}-job`, args, { parent: this });
        const page = `https://console.cloud.google.com/batch/jobsDetail/regions/${args.region}/jobs`;
        const url = pulumi.interpolate`${page}/${job.jobId}/details?project=${args.project}`;
        return { ...args, resource: job, name: job.jobId, logsUrl: url, batch: run };
    }
}

/** The VM or the Batch job that trains the run. */
interface Machine {
    resource: pulumi.Resource;
    name: pulumi.Output<string>;
    logsUrl: pulumi.Output<string>;
    zone: pulumi.Input<string>;
    provisioning: pulumi.Input<string>;
    /** The run's Batch jobs; missing for a VM. */
    batch?: TrainerJob["run"];
}

/** Rejects secrets that would be visible in the VM's metadata, and completes the secret versions' names. */
function withoutSecrets(job: Job): Job {
    const versions = Object.entries(job.secretEnv).map(([name, version]) => {
        if (!isSecretVersion(version)) {
            throw new pulumi.RunError(
                `secretEnv.${name} must be projects/<project>/secrets/<secret>/versions/<number>; got ${JSON.stringify(version)}`,
            );
        }
        return [name, fullVersionName(version, job.project)];
    });
    return {
        ...job,
        env: plain("env", job.env),
        hyperparameters: plain("hyperparameters", job.hyperparameters),
        secretEnv: Object.fromEntries(versions),
    };
}

function plain<T>(name: string, value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> {
    const output = pulumi.output(value);
    return pulumi.output(pulumi.isSecret(output)).apply((secret) => {
        if (secret) {
            throw new pulumi.RunError(
                `${name} must not be secret, because the VM's metadata shows it; pass secret values as secretValues`,
            );
        }
        return output;
    }) as pulumi.Output<pulumi.Unwrap<T>>;
}

/** The VM's task, with all times in seconds. */
function bootConfig(
    job: Job,
    resources: Record<
        "runId" | "bucket" | "image" | "datasetUri" | "datasetObject" | "datasetList",
        pulumi.Output<string>
    > & {
        secretEnv: pulumi.Input<Record<string, string>>;
        sweep: pulumi.Output<BootSweep | undefined>;
        notification: pulumi.Inputs | undefined;
    },
): pulumi.Output<BootConfig> {
    return pulumi.output({
        ...resources,
        project: job.project,
        region: job.region,
        args: pulumi
            .all([job.hyperparameters, job.target, job.dropColumns])
            .apply(([hyperparameters, target, dropColumns]) => trainerArgs({ hyperparameters, target, dropColumns })),
        env: job.env,
        maxRunSeconds: pulumi.output(job.maxRunMinutes).apply((minutes) => minutes * 60),
        pullSeconds: PULL_SECONDS,
        uploadSeconds: UPLOAD_SECONDS,
        debugSeconds: job.debugMinutes * 60,
        maxAttempts: job.maxAttempts,
        privileged: job.privileged,
        writableRoot: job.writableRoot,
        gpuCount: job.gpuCount,
    }) as unknown as pulumi.Output<BootConfig>;
}

/** https://cloud.google.com/logging/docs/view/logs-explorer-interface#share */
function logsUrl(project: string, instanceId: string): string {
    const query = `resource.type="gce_instance" resource.labels.instance_id="${instanceId}"`;
    const url = `https://console.cloud.google.com/logs/query;query=${encodeURIComponent(query)}`;
    return `${url}?project=${encodeURIComponent(project)}`;
}
