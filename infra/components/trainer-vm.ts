import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { BASE_SCOPES, type Provisioning } from "../defaults";
import { canMigrate, defaultBootDiskType, defaultBootImage, platformOf } from "../machine-types";
import { type BootConfig, maxVmSeconds, renderUserData } from "../user-data";

export interface TrainerVmArgs {
    /** Google Cloud project id. */
    project: pulumi.Input<string>;
    zone: pulumi.Input<string>;
    /** Ends in the run id: a new run is a new name, and so a new VM. */
    instanceName: pulumi.Input<string>;
    labels: pulumi.Input<Record<string, string>>;
    machineType: pulumi.Input<string>;
    /** `""`: the newest LTS family of Container-Optimized OS. */
    bootImage: pulumi.Input<string>;
    bootDiskSizeGb: pulumi.Input<number>;
    /** `""`: `pd-balanced`, or `hyperdisk-balanced` for machine types that take nothing else. */
    bootDiskType: pulumi.Input<string>;
    provisioning: pulumi.Input<Provisioning>;
    /** `""` for none. */
    gpuType: pulumi.Input<string>;
    /** 0 for none. */
    gpuCount: pulumi.Input<number>;
    network: pulumi.Input<string>;
    subnetwork: pulumi.Input<string>;
    externalIp: pulumi.Input<boolean>;
    /** Email of the account that the VM is. */
    serviceAccount: pulumi.Input<string>;
    /** Scopes beside those every VM gets. */
    scopes: pulumi.Input<readonly string[]>;
    /** What the VM does, and for how long at most. */
    boot: pulumi.Output<BootConfig>;
    dependsOn: pulumi.Resource[];
}

/**
 * The VM that trains one run and powers itself off. It cannot bill for longer than `maxRunDuration`. What Compute Engine could do
 * on its own (restart it, move it to a newer image) is off: a run is started by its boot and by nothing else.
 */
export class TrainerVm extends pulumi.ComponentResource {
    readonly instance: gcp.compute.Instance;

    constructor(name: string, args: TrainerVmArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerVm", name, {}, opts);
        const machine = pulumi.output({
            type: args.machineType,
            bootImage: args.bootImage,
            bootDiskType: args.bootDiskType,
            gpuType: args.gpuType,
            gpuCount: args.gpuCount,
            spot: pulumi.output(args.provisioning).apply((provisioning) => provisioning === "spot"),
        });
        this.instance = new gcp.compute.Instance(
            name,
            {
                project: args.project,
                zone: args.zone,
                name: args.instanceName,
                description: "Trains one run of gcp-trainer, then powers itself off",
                machineType: args.machineType,
                labels: args.labels,
                bootDisk: {
                    autoDelete: true,
                    initializeParams: {
                        image: machine.apply(({ bootImage, type }) => bootImage || defaultBootImage(type)),
                        size: args.bootDiskSizeGb,
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
                    preemptible: machine.spot,
                    provisioningModel: machine.spot.apply((spot) => (spot ? "SPOT" : "STANDARD")),
                    onHostMaintenance: machine.apply(({ type, gpuCount, spot }) =>
                        canMigrate(type, gpuCount, spot) ? "MIGRATE" : "TERMINATE",
                    ),
                    // STOP, never DELETE: an instance that is gone breaks a plain `pulumi destroy`.
                    instanceTerminationAction: "STOP",
                    maxRunDuration: { seconds: args.boot.apply(maxVmSeconds) },
                },
                shieldedInstanceConfig: {
                    // Off for Arm: nobody here has seen each Arm series boot with it, and a VM that does not boot trains nothing.
                    enableSecureBoot: machine.type.apply((type) => platformOf(type) === "linux/amd64"),
                    enableVtpm: true,
                    enableIntegrityMonitoring: true,
                },
                metadata: {
                    "user-data": args.boot.apply(renderUserData),
                    "google-logging-enabled": "true",
                    "serial-port-logging-enable": "true",
                    "block-project-ssh-keys": "true",
                    "enable-oslogin": "TRUE",
                },
            },
            {
                parent: this,
                dependsOn: args.dependsOn,
                // A new image of the family is for the next run.
                ignoreChanges: ["bootDisk.initializeParams.image"],
                // The provider changes this of a running VM only, and the VM of a run that has ended is off. A new VM finds that
                // the run has ended, and powers off.
                replaceOnChanges: ["networkInterfaces[*].accessConfigs"],
                // Two VMs of one name cannot be, and the old run has ended or is given up.
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs();
    }
}
