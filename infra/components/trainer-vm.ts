import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, gcpConfig, hasHooks, owned, plannerOf, settled } from "../../run/cleanup";
import { rejectWhileOn, removeLeftoverInstances } from "../../run/leftovers";
import { choosePlace, type VmPlace } from "../../run/vm-place";
import { BASE_SCOPES } from "../defaults";
import { canMigrate, defaultBootDiskType, defaultBootImage, hasLocalSsd, platformOf } from "../machine-types";
import type { Job, Provisioning } from "../training-job-args";
import { type BootConfig, maxVmSeconds, renderUserData } from "../user-data";

export interface TrainerVmArgs extends Job {
    /** Ends in the run id, so that a new run gets a new VM. */
    instanceName: pulumi.Input<string>;
    /** The VM's task and its time limits. */
    boot: pulumi.Output<BootConfig>;
    /** Removes the VM. */
    cleanup: Cleanup;
    dependsOn: pulumi.Resource[];
}

/**
 * The VM that trains one run and powers itself off. It cannot be billed for longer than `maxRunDuration`. Automatic
 * restarts and image updates are disabled, because only a boot may start a run.
 */
export class TrainerVm extends pulumi.ComponentResource {
    readonly instance: gcp.compute.Instance;
    readonly zone: pulumi.Output<string>;
    readonly provisioning: pulumi.Output<Provisioning>;

    constructor(name: string, args: TrainerVmArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerVm", name, {}, opts);
        const machine = pulumi.output({
            type: args.machineType,
            bootImage: args.bootImage,
            bootDiskType: args.bootDiskType,
            gpuType: args.gpuType,
            gpuCount: args.gpuCount,
        });
        const chosen = choosePlaceOf(args);
        this.zone = chosen.zone;
        this.provisioning = chosen.spot.apply((spot) => (spot ? "spot" : "standard"));
        const scheduling = pulumi.all([machine, args.boot, chosen]).apply(([{ type, gpuCount }, boot, place]) => ({
            spot: place.spot,
            onHostMaintenance: canMigrate(type, gpuCount, place.spot) ? "MIGRATE" : "TERMINATE",
            maxRunSeconds: maxVmSeconds(boot),
            ...place.kept,
        }));
        this.instance = new gcp.compute.Instance(
            name,
            {
                project: args.project,
                zone: this.zone,
                name: args.instanceName,
                description: "Trains one run of gcp-trainer, then powers itself off",
                machineType: args.machineType,
                labels: args.labels,
                bootDisk: {
                    autoDelete: true,
                    kmsKeySelfLink: args.kmsKey || undefined,
                    initializeParams: {
                        image: machine.apply(({ bootImage, type }) => bootImage || defaultBootImage(type)),
                        size: args.bootDiskSizeGb,
                        labels: args.labels,
                        type: machine.apply(({ bootDiskType, type }) => bootDiskType || defaultBootDiskType(type)),
                    },
                },
                networkInterfaces: [
                    {
                        network: args.network,
                        subnetwork: args.subnetwork,
                        accessConfigs: pulumi
                            .output(args.externalIp)
                            .apply((external) => (external ? [{}] : undefined)),
                    },
                ],
                guestAccelerators: machine.apply(({ gpuType, gpuCount }) =>
                    gpuCount > 0 ? [{ type: gpuType, count: gpuCount }] : undefined,
                ),
                serviceAccount: {
                    email: args.serviceAccount,
                    scopes: pulumi.output(args.scopes).apply((scopes) => [...new Set([...BASE_SCOPES, ...scopes])]),
                },
                scheduling: {
                    automaticRestart: false,
                    preemptible: scheduling.spot,
                    provisioningModel: scheduling.spot.apply((spot) => (spot ? "SPOT" : "STANDARD")),
                    onHostMaintenance: scheduling.onHostMaintenance,
                    // This must be STOP, never DELETE, because a deleted instance breaks a plain `pulumi destroy`.
                    instanceTerminationAction: "STOP",
                    maxRunDuration: { seconds: scheduling.maxRunSeconds },
                    onInstanceStopAction: machine.type.apply((type) =>
                        hasLocalSsd(type) ? { discardLocalSsd: true } : undefined,
                    ),
                },
                shieldedInstanceConfig: {
                    // Disabled by default for Arm, because it has not been tested on Arm machines, and a VM that does
                    // not boot cannot train.
                    enableSecureBoot: pulumi
                        .all([machine.type, args.secureBoot])
                        .apply(([type, always]) => always || platformOf(type) === "linux/amd64"),
                    enableVtpm: true,
                    enableIntegrityMonitoring: true,
                },
                metadata: {
                    "user-data": args.boot.apply(renderUserData),
                    "google-logging-enabled": "true",
                    "block-project-ssh-keys": "true",
                    "enable-oslogin": "TRUE",
                },
                // The provider fails to delete a VM that no longer exists, so the cleanup deletes it.
                deletionPolicy: "ABANDON",
            },
            {
                ...owned(this, args.cleanup, {
                    beforeCreate: [() => removeOtherVms(args, this.zone)],
                    beforeUpdate: [
                        async (change) => rejectWhileOn(await plannerOf(args.cleanup), args.project, change),
                    ],
                }),
                dependsOn: [args.cleanup, ...args.dependsOn],
                // A newer image in the family does not replace this VM; the next run uses it. Changed labels also apply
                // only to the next VM: the provider sends the fingerprint in its state, so it would fail after an
                // interruption.
                ignoreChanges: ["bootDisk.initializeParams.image", "bootDisk.initializeParams.labels", "labels"],
                // The provider can change this only while a VM is running, but the VM of a finished run is off. A new
                // VM detects that the run is finished and powers off.
                replaceOnChanges: ["networkInterfaces[*].accessConfigs"],
                // Two VMs cannot have the same name, and the old VM is no longer needed: its run has ended or is
                // abandoned.
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs();
    }
}

/** Removes the VM of the earlier run, and any VM that an interrupted command left behind. */
async function removeOtherVms(args: TrainerVmArgs, chosenZone: pulumi.Output<string>): Promise<void> {
    const { project, instanceName, boot, wait, cleanup } = args;
    const [zone, name, { bucket, runId }, waits] = await settled(pulumi.all([chosenZone, instanceName, boot, wait]));
    await removeLeftoverInstances(await plannerOf(cleanup), { project, zone, name }, { bucket, runId, wait: waits });
}

function choosePlaceOf({ project, zone, cleanup, ...args }: TrainerVmArgs): pulumi.Output<VmPlace> {
    const { zones, machineType, gpuType, provisioning, spotFallback, maxAttempts, instanceName, boot } = args;
    return pulumi
        .output({ zones, machineType, gpuType, provisioning, spotFallback, maxAttempts, name: instanceName, boot })
        .apply(({ boot: { bucket, runId }, provisioning: model, ...plan }) =>
            choosePlace(gcpConfig, { ...plan, project, zone, bucket, runId, spot: model === "spot" }, hasHooks()),
        );
}
